"""Why a field of a request is wrong, in Vietnamese: the reader of requests speaks only English."""

from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_NAME = 80

_REASONS = {
    "missing": "còn thiếu",
    "extra_forbidden": "không có trường nào tên này",
    "json_invalid": "không phải JSON",
    "string_type": "phải là chữ",
    "string_unicode": "có ký tự không ghi được bằng UTF-8",
    "string_too_short": "phải có ít nhất {min_length} ký tự",
    "string_too_long": "dài quá {max_length} ký tự",
    "string_pattern_mismatch": "không đúng dạng {pattern}",
    "too_short": "phải có ít nhất {min_length} mục",
    "too_long": "có quá {max_length} mục",
    "list_type": "phải là một danh sách",
    "tuple_type": "phải là một danh sách",
    "dict_type": "phải là một đối tượng JSON",
    "model_attributes_type": "phải là một đối tượng JSON",
    "enum": "phải là một trong: {expected}",
    "greater_than_equal": "phải từ {ge} trở lên",
    "less_than_equal": "không được quá {le}",
    "less_than": "phải trước {lt}",
    "month_day": "phải là tháng-ngày, ví dụ 11-01",
    "timezone_naive": "là giờ tại chỗ, không ghi độ lệch; ví dụ đúng: 2026-08-15T17:00:00",
    "literal_error": "phải là một trong: {expected}",
    "union_tag_invalid": "phải là một trong: {expected_tags}",
    "union_tag_not_found": "còn thiếu {discriminator}",
    "timezone_aware": "thiếu múi giờ; ví dụ đúng: 2026-08-15T17:00:00+07:00",
}
_REASONS_OF_KIND = {
    "datetime": "phải là ngày và giờ, ví dụ 2026-08-15T17:00:00+07:00",
    "date": "phải là ngày, ví dụ 2026-08-15",
    "time": "phải là giờ, ví dụ 17:00",
    "int": "phải là số nguyên",
    "float": "phải là số",
    "bool": "phải là true hoặc false",
}
_OTHERWISE = "giá trị không hợp lệ"


def why_vi(kind: str, context: Mapping[str, Any]) -> str:
    """The reason in Vietnamese for a kind of error of the reader, with the limits it names."""
    words = _REASONS.get(kind) or _REASONS_OF_KIND.get(kind.split("_")[0], _OTHERWISE)
    return words.format_map({k: str(v).replace(" or ", ", ") for k, v in context.items()})


def field_of(location: Sequence[int | str], kind: str) -> str:
    """The name of the field as the sender wrote it; empty for the body as a whole."""
    if kind == "json_invalid":
        return ""
    name = ".".join(str(part) for part in location[1:])[:LONGEST_NAME]
    # A name may hold half of a surrogate pair, which no answer can carry.
    return name.encode("utf-8", "replace").decode()
