// Correcting what is read: in this bulletin by other words, or for the whole commune from now on.

import { readAnew, readNow, unitId, unitName, withButton, write } from './compose.js';
import { clearErrors, Refusal, send } from './talk.js';

const fix = document.getElementById('fix');
const spoken = document.getElementById('fix-spoken');
const fixed = document.getElementById('fixed');
const area = document.getElementById('text-vi');
const reading = document.getElementById('reading-vi');

let place = null; // which words: {written, start}
let from = null; // the reading that was touched

// The place nearest to where the server read these words; its text may be spelled otherwise.
function placeOf({ written, start }) {
  let best = -1;
  for (let at = area.value.indexOf(written); at >= 0; at = area.value.indexOf(written, at + 1)) {
    if (best < 0 || Math.abs(at - start) < Math.abs(best - start)) best = at;
  }
  return best;
}

function open(words, said, rule) {
  place = words;
  document.getElementById('fix-written').textContent = words.written;
  spoken.value = said;
  const name = unitName();
  document.getElementById('fix-all').textContent = name ? `${name} từ nay` : 'Mọi nơi từ nay';
  const [here, all] = document.getElementsByName('fix_for');
  all.disabled = !unitId();
  (rule === 'lexicon' && unitId() ? all : here).checked = true;
  for (const link of reading.querySelectorAll('.rd')) link.classList.toggle('on', link === from);
  clearErrors(fix);
  fixed.hidden = true;
  fix.hidden = false;
  spoken.focus();
  spoken.select();
}

function close() {
  fix.hidden = true;
  for (const link of reading.querySelectorAll('.rd.on')) link.classList.remove('on');
  (from?.isConnected ? from : area).focus();
  from = null;
}

function tell(words, undo) {
  fixed.querySelector('span').textContent = words;
  fixed.querySelector('button').onclick = event => withButton(event.currentTarget, fix, async () => {
    await undo();
    fixed.hidden = true;
    area.focus();
  });
  fixed.hidden = false;
}

async function here(said) {
  const before = area.value;
  if (placeOf(place) < 0) area.value = area.value.normalize('NFC');
  const at = placeOf(place);
  if (at < 0) throw new Refusal('bad_lexicon_entry', 'Chữ này không còn trong bài. Chạm lại vào chỗ cần sửa.');
  write(area, area.value.slice(0, at) + said + area.value.slice(at + place.written.length));
  await readNow('vi');
  tell(`Tin này viết “${said}” thay cho “${place.written}”.`, async () => {
    write(area, before);
    await readNow('vi');
  });
}

async function everywhere(said) {
  const { written } = place;
  const entry = await send('POST', '/api/v1/lexicon', { unit: unitId(), written, spoken: said });
  await readAnew();
  tell(`Từ nay ${unitName()} đọc “${written}” là “${entry.spoken}”. Tin đã duyệt giữ nguyên lời.`, async () => {
    await send('DELETE', `/api/v1/lexicon/${entry.id}`);
    await readAnew();
  });
}

async function keep() {
  const said = spoken.value.trim();
  if (!said) throw new Refusal('bad_lexicon_entry', 'Ghi cách đọc bằng chữ, ví dụ “đắc hà”.');
  const [choice] = [...document.getElementsByName('fix_for')].filter(each => each.checked);
  await (choice.value === 'all' ? everywhere : here)(said);
  close();
}

if (fix) {
  reading.addEventListener('click', event => {
    const link = event.target.closest('.rd');
    if (!link) return;
    event.preventDefault();
    from = link;
    const { written, spoken: said, start, rule } = link.dataset;
    open({ written, start: Number(start) }, said, rule);
  });
  document.getElementById('fix-chosen').addEventListener('click', event => withButton(event.currentTarget, fix, async () => {
    const { selectionStart: start, selectionEnd: end, value } = area;
    const written = value.slice(start, end).trim();
    if (!written) {
      area.focus();
      document.getElementById('hint-vi').textContent = 'Bôi đen chữ cần sửa ở ô này, rồi bấm “Sửa cách đọc chữ khác…”.';
      return;
    }
    from = null;
    open({ written, start }, written, '');
  }));
  document.getElementById('fix-save').addEventListener('click', event => withButton(event.currentTarget, fix, keep));
  document.getElementById('fix-close').addEventListener('click', close);
  fix.addEventListener('keydown', event => {
    if (event.key === 'Escape') close();
    if (event.key !== 'Enter' || event.target !== spoken) return;
    event.preventDefault();
    document.getElementById('fix-save').click();
  });
}
