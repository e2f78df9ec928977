// A calendar file: first what would become of it, then kept.

import { clearErrors, Refusal, showError, upload } from './talk.js';

const form = document.getElementById('import');
const found = document.getElementById('found');
const FATES = { new: 'Mới', changed: 'Đổi', unchanged: 'Như cũ', refused: 'Không nhận' };
const LOOKS = { new: 'san', changed: 'cho', unchanged: 'nhap', refused: 'im' };
const SHOWN = 200;

function tell(tag, words, look = '') {
  const told = document.createElement(tag);
  told.textContent = words;
  told.className = look;
  return told;
}

function line(look, word, title, why) {
  const row = document.createElement('li');
  const chip = tell('span', word, 'st');
  chip.dataset.st = look;
  const words = document.createElement('div');
  words.append(tell('b', title), ...(why ? [tell('p', why, 'sm mut')] : []));
  row.append(chip, words);
  return row;
}

function show(told) {
  const rows = [
    ...told.unread.map(each => line('im', 'Không đọc được', each.where, each.vi)),
    ...told.events.map(each => line(LOOKS[each.fate], FATES[each.fate], each.title || each.uid, each.vi)),
  ];
  const list = tell('ul', '', 'panel fates');
  list.append(...rows.slice(0, SHOWN));
  const counted = `${told.new} mới, ${told.changed} đổi, ${told.unchanged} như cũ, ${told.refused} không nhận, ${told.unread.length} không đọc được.`;
  found.replaceChildren(
    tell('p', told.kept ? `Đã giữ. ${counted}` : `Xem trước, chưa lưu gì. ${counted}`, 'lead1'),
    list,
    ...(rows.length > SHOWN ? [tell('p', `Và ${rows.length - SHOWN} mục nữa.`, 'sm mut')] : []),
  );
  const coming = told.new + told.changed;
  if (!told.kept && coming) {
    const keep = tell('button', `Giữ ${coming} chương trình`, 'btn');
    keep.type = 'button';
    keep.addEventListener('click', () => bring(true, keep));
    found.append(keep);
  }
  found.hidden = false;
  found.focus();
}

async function bring(keep, button) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  clearErrors(form);
  try {
    const file = form.file.files[0];
    if (!file) throw new Refusal('no_file', 'Chọn một tệp .ics trước.');
    const asked = new URLSearchParams({ unit: form.unit.value, keep });
    show(await upload(`/api/v1/programmes/calendar?${asked}`, file, () => {}));
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    showError(form, refusal);
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

form?.addEventListener('submit', event => {
  event.preventDefault();
  bring(false, document.getElementById('try'));
});
form?.file.addEventListener('change', () => { found.hidden = true; });
