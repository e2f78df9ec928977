// The form of a programme: what would become of it is shown while it is filled in.

import { morphChildren } from './morph.js';
import { clearErrors, Refusal, showError, signInAgain } from './talk.js';

const LOOK_AFTER_MS = 600;
const form = document.getElementById('programme');
const outlook = document.getElementById('outlook');
const save = document.getElementById('save');
const NO_LINE = 'Mất mạng, chưa gửi được. Mọi thứ trên màn hình vẫn còn; có mạng thì bấm lại.';

document.getElementById('look').hidden = true;

// ── what would become of it ──
let timer = 0;
let asked = 0;

async function look() {
  const mine = ++asked;
  let answer;
  try {
    answer = await fetch('/lich/chuong-trinh/xem', { method: 'POST', body: new URLSearchParams(new FormData(form)) });
  } catch {
    throw new Refusal('no_line', NO_LINE);
  }
  if (answer.status === 401) {
    if (!await signInAgain()) throw new Refusal('sign_in_needed', 'Cần đăng nhập lại để lưu. Mọi thứ trên màn hình vẫn còn.');
    return look();
  }
  if (mine !== asked || !answer.ok) return;
  const fresh = document.createElement('template');
  fresh.innerHTML = await answer.text();
  morphChildren(outlook, fresh.content);
  outlook.removeAttribute('aria-busy');
}

async function tryTo(act) {
  clearErrors(form);
  try {
    await act();
    return true;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    showError(form, refusal);
    return false;
  }
}

// What the page looks at by itself says nothing of a lost line: saving does.
async function glance() {
  try {
    await look();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
  }
}

form.addEventListener('input', () => {
  clearTimeout(timer);
  outlook.setAttribute('aria-busy', 'true');
  timer = setTimeout(glance, LOOK_AFTER_MS);
});

// A proposed time goes into its field; the rest of the form stays.
outlook.addEventListener('click', event => {
  const button = event.target.closest('[name=move_to]');
  if (!button) return;
  event.preventDefault();
  form.wall_time.value = button.value;
  form.wall_time.focus();
  tryTo(look);
});

// A session that has ended is renewed before anything is sent: nothing typed is lost.
let sure = false;
form.addEventListener('submit', async event => {
  if (sure) return;
  event.preventDefault();
  const { submitter } = event;
  if (save.getAttribute('aria-disabled') === 'true') return;
  save.setAttribute('aria-disabled', 'true');
  sure = await tryTo(look);
  save.removeAttribute('aria-disabled');
  if (sure) form.requestSubmit(submitter);
});

// ── what belongs to a choice is shown with it ──
function show() {
  for (const row of form.querySelectorAll('.pickrow')) {
    const below = row.querySelector('.sub1');
    if (below) below.hidden = !row.querySelector('[name=repeat]').checked;
  }
  for (const below of form.querySelectorAll('fieldset > .sub1')) below.hidden = !form.by_rule.checked;
}
form.addEventListener('change', show);
show();

const every = document.getElementById('every');
const villages = () => [...form.querySelectorAll('[name=village]:not(:disabled)')];
if (every) {
  every.hidden = villages().length < 2;
  every.addEventListener('click', () => {
    const on = !villages().every(box => box.checked);
    for (const box of villages()) box.checked = on;
    form.dispatchEvent(new Event('input'));
  });
}
if ('known' in form.dataset) glance();
