// The desk: puts the pieces of the page to work.

import './compose.js';
import './correct.js';
import './ask_writer.js';
import './recording.js';
import './review.js';
import './plan.js';
import './decide.js';
import { keepLine } from './line.js';
import { refresh, refreshAll, refreshNow } from './parts.js';
import { signInAgain } from './talk.js';
import { hour, now, tick } from './ticking.js';

const SAY_EVERY_MS = 10_000;
const FIND_AFTER_MS = 250;

const off = document.getElementById('off');
const said = document.getElementById('said');
const line = document.getElementById('line');

keepLine(
  (kind, told) => {
    if (kind === 'hello') refreshAll();
    else if (kind !== 'rendition' || !showShare(told)) refresh(kind);
  },
  (lostSince) => {
    document.body.classList.toggle('stale', lostSince !== null);
    line.hidden = lostSince !== null;
    off.hidden = lostSince === null;
    if (lostSince !== null) {
      // If it is only the session that has ended, the answer to this says so.
      refresh('beat');
      tell(`Mất mạng từ ${hour(now())}. Bài đang viết giữ trên máy này, có mạng sẽ tự nối lại. Duyệt và xếp lịch cần mạng.`);
    }
  },
);
line.hidden = false;

// How much of a rendition is done needs no fresh page.
function showShare({ key, state, progress }) {
  const bar = document.querySelector(`progress[data-key="${CSS.escape(key)}"]`);
  if (state !== 'working' || progress === undefined || !bar) return false;
  bar.value = 100 * progress;
  bar.nextElementSibling.textContent = `${Math.round(100 * progress)} %`;
  return true;
}

// Words that are looked for, as they are typed.
let findTimer = 0;
document.getElementById('tim').addEventListener('input', () => {
  clearTimeout(findTimer);
  findTimer = setTimeout(() => refreshNow('bulletins'), FIND_AFTER_MS);
});
document.getElementById('find-bulletins').addEventListener('submit', event => {
  event.preventDefault();
  refreshNow('bulletins');
});

function tell(words, button) {
  off.hidden = false;
  off.querySelector('span').replaceChildren(words, ...(button ? [' ', button] : []));
}

document.addEventListener('signed-out', () => {
  if (off.querySelector('button')) return;
  const again = document.createElement('button');
  again.type = 'button';
  again.className = 'btn o s';
  again.textContent = 'Đăng nhập lại';
  again.onclick = signInAgain;
  tell('Phiên làm việc đã hết hạn. Bài đang viết vẫn còn.', again);
});
document.addEventListener('signed-in', () => {
  off.hidden = true;
  off.querySelector('span').replaceChildren();
  refreshAll();
});

setInterval(tick, 1000);
tick();

// A screen reader hears how many loudspeakers do what: not more than once in ten seconds.
let sayTimer = 0;
document.addEventListener('part', event => {
  if (event.detail !== 'clusters' || sayTimer) return;
  sayTimer = setTimeout(() => {
    sayTimer = 0;
    const words = document.querySelector('[data-say]')?.dataset.say ?? '';
    if (said.textContent !== words) said.textContent = words;
  }, SAY_EVERY_MS);
});
document.addEventListener('part', tick);
