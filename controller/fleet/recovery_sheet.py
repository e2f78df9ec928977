"""The recovery sheet: one printed page that opens the root key when every machine is gone."""

import html
from datetime import datetime

import segno

_STYLE = """
@page { size: A4; margin: 20mm }
body { font: 12pt/1.45 sans-serif; color: #000; background: #fff; max-width: 170mm; margin: auto }
h1 { font-size: 20pt; margin: 0 0 2mm }
.code { font: bold 22pt monospace; border: 2px solid #000; padding: 5mm; text-align: center }
.fingerprint { font-family: monospace }
svg { display: block; margin: 6mm auto; width: 60mm; height: 60mm }
.en { color: #333; font-size: 10.5pt }
.line { border-bottom: 1px solid #000; height: 12mm }
"""


def recovery_sheet(code: str, fingerprint: str, place: str, made_at: datetime) -> str:
    """HTML that holds the secret in the clear; `made_at` as the office's clock shows it."""
    qr = segno.make(code, error="m").svg_inline(omitsize=True, border=2)
    said = html.escape(code)
    return f"""<!doctype html>
<html lang="vi">
<meta charset="utf-8">
<title>Phiếu khôi phục Loa Làng / recovery sheet</title>
<style>{_STYLE}</style>
<h1>Phiếu khôi phục Loa Làng</h1>
<p class="en">Recovery sheet · {html.escape(place)} · {made_at:%H:%M %d/%m/%Y}</p>
<p>Mã này mở <b>khoá gốc</b> của cơ quan. Ai có mã này và tệp khoá thì ra lệnh được cho mọi loa.
<span class="en">This code opens the root key of the office: with it and the files of the keys,
every loudspeaker can be ordered.</span></p>
<p class="code">{said}</p>
{qr}
<p>Dấu vân tay khoá gốc <span class="en">/ fingerprint of the root key</span>:<br>
<span class="fingerprint">{html.escape(fingerprint)}</span></p>
<ol>
<li>In hai bản, cho vào phong bì dán kín, cất ở hai nơi có khoá.
<span class="en">Print two, seal them, and keep them locked at two places.</span></li>
<li>Xoá tệp này khỏi máy tính; đừng chụp ảnh, đừng gửi qua mạng.
<span class="en">Delete this file; take no photo of it and send it nowhere.</span></li>
<li>Khi máy hỏng: cài lại, chạy <b>loalang keys restore TỆP</b>, rồi <b>loalang keys unlock</b> và
gõ mã trên. <span class="en">When the machine is lost: install anew, run
<b>loalang keys restore FILE</b>, then <b>loalang keys unlock</b> and type the code.</span></li>
<li>Mã không thay cho bản sao lưu: hãy chạy <b>loalang keys backup TỆP</b>.
<span class="en">The code is no backup: also run <b>loalang keys backup FILE</b>.</span></li>
</ol>
<p>Người giữ <span class="en">/ kept by</span></p><div class="line"></div>
<p>Ngày, chữ ký <span class="en">/ date, signature</span></p><div class="line"></div>
</html>
"""
