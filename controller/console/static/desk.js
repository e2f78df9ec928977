// The desk: puts the pieces of the page to work.

import './compose.js';
import './review.js';
import './plan.js';
import { keepLine } from './line.js';
import { refresh, refreshAll } from './parts.js';
import { signInAgain } from './talk.js';
import { hour, now, tick } from './ticking.js';

const SAY_EVERY_MS = 10_000;

const off = document.getElementById('off');
const said = document.getElementById('said');
const line = document.getElementById('line');

keepLine(
  (kind) => (kind === 'hello' ? refreshAll() : refresh(kind)),
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
