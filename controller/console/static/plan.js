// Where and when: villages by tick, a time, the airtime law's answer, and taking it back.

import { bulletinId, tongue, withButton } from './compose.js';
import { refresh } from './parts.js';
import { clearErrors, Refusal, send, showError } from './talk.js';
import { dateIn } from './ticking.js';

const form = document.getElementById('plan');
const breach = document.getElementById('breach');
const planned = document.getElementById('planned');
const undo = document.getElementById('undo');
const boxes = () => [...form.querySelectorAll('[name=village]:not(:disabled)')];
const review = () => document.getElementById('review');

// ── where ──
const fold = text => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase().replace(/đ/g, 'd');

function count() {
  const all = boxes();
  const ticked = all.filter(b => b.checked);
  const shown = all.filter(b => !b.closest('label').hidden);
  document.getElementById('chosen').textContent = ticked.length ? `Đã chọn ${ticked.length} / ${all.length} làng` : 'Chưa chọn làng nào';
  sayWhen();
  document.getElementById('all').textContent = shown.length && shown.every(b => b.checked) ? 'Bỏ chọn tất cả' : 'Chọn tất cả';
}

function find(words) {
  const wanted = fold(words.trim());
  for (const label of form.querySelectorAll('[data-find]')) label.hidden = !label.dataset.find.includes(wanted);
  for (const commune of form.querySelectorAll('.commune')) {
    commune.hidden = !commune.querySelector('label:not([hidden])');
  }
  document.getElementById('none').hidden = Boolean(form.querySelector('.commune:not([hidden])'));
  count();
}

if (boxes().length) {
  const field = document.getElementById('find');
  field.addEventListener('input', () => find(field.value));
  document.querySelector('#none button').addEventListener('click', () => {
    field.value = '';
    find('');
    field.focus();
  });
  document.getElementById('all').addEventListener('click', () => {
    const shown = boxes().filter(b => !b.closest('label').hidden);
    const on = !shown.every(b => b.checked);
    for (const box of shown) box.checked = on;
    count();
    lookSoon();
  });
  count();
}

// ── when ──
let timeTouched = false;

form.addEventListener('input', event => {
  if (event.target.name === 'village') count();
  if (['day', 'start_date', 'wall_time'].includes(event.target.name)) {
    timeTouched = true;
    breach.hidden = true;
  }
  if (event.target.name === 'day') pickDay(event.target.value);
  sayWhen();
  if (event.target.name === 'kind') document.getElementById('until').hidden = event.target.value !== 'daily';
  lookSoon();
});

// Days are counted from now, so that a page left open over midnight means what it says.
function pickDay(days) {
  form.start_date.hidden = days !== '';
}

function startDate() {
  const days = form.elements.day.value;
  return days === '' ? form.start_date.value : dateIn(Number(days));
}

// A browser may show hours its own way; here they are as everybody in the office says them.
function sayWhen() {
  const day = { 0: 'hôm nay', 1: 'mai' }[form.elements.day.value] ?? form.start_date.value.split('-').reverse().join('/');
  const villages = boxes().filter(b => b.checked).length;
  document.getElementById('plan-when').textContent = form.wall_time.value && villages
    ? `Sẽ phát lúc ${form.wall_time.value} ${day}, ở ${villages} làng.` : '';
}

// The server's next sensible time moves on while a bulletin is being written.
function suggest(start) {
  if (timeTouched || !start) return;
  const [day, time] = start.split('T');
  form.elements.day.value = ['0', '1'].find(days => dateIn(Number(days)) === day) ?? '';
  pickDay(form.elements.day.value);
  form.start_date.value = day;
  form.wall_time.value = time;
  sayWhen();
}

// ── what it would run into ──
const LOOK_AFTER_MS = 600;
const outlook = document.getElementById('plan-outlook');
let lookTimer = 0;
let looked = 0;

async function look() {
  const mine = ++looked;
  const { bulletins, villages, start_date: day, wall_time: time, kind, until, priority, quiet_ok: reason } = wanted();
  const asked = new URLSearchParams({
    bulletin: bulletins[0], start_date: day, wall_time: time, repeat: kind,
    until: until ?? '', rank: priority ? 'priority' : 'programme', quiet_ok: reason,
  });
  for (const village of villages) asked.append('village', village);
  const answer = await fetch('/lich/chuong-trinh/xem', { method: 'POST', body: asked });
  if (mine !== looked || !answer.ok) return;
  const fresh = document.createElement('template');
  fresh.innerHTML = await answer.text();
  outlook.replaceChildren(...fresh.content.childNodes);
}

// By itself the page only looks when there is something to look at, and is silent without a line.
function lookSoon() {
  clearTimeout(lookTimer);
  outlook.replaceChildren();
  looked++;
  const ready = review()?.dataset.state === 'approved' && startDate() && form.wall_time.value;
  if (!ready || !boxes().some(b => b.checked) || !navigator.onLine) return;
  lookTimer = setTimeout(look, LOOK_AFTER_MS);
}

outlook.addEventListener('click', event => {
  const button = event.target.closest('[name=move_to]');
  if (!button) return;
  event.preventDefault();
  form.wall_time.value = button.value;
  timeTouched = true;
  breach.hidden = true;
  sayWhen();
  form.wall_time.focus();
  lookSoon();
});

// ── planning ──
function wanted() {
  const villages = boxes().filter(b => b.checked).map(b => b.value);
  if (!villages.length) throw new Refusal('no_zone', 'Chọn ít nhất một làng để phát.');
  const date = startDate();
  if (!date) throw new Refusal('date_out_of_range', 'Chọn ngày phát, ví dụ 15/08/2026.');
  if (!form.wall_time.value) throw new Refusal('start_in_past', 'Ghi giờ phát, ví dụ 17:00.');
  const daily = form.elements.kind.value === 'daily';
  return {
    bulletins: [bulletinId()],
    villages,
    start_date: date,
    wall_time: form.wall_time.value,
    kind: form.elements.kind.value,
    until: daily && form.until.value ? form.until.value : null,
    priority: review()?.dataset.priority === 'true',
    quiet_ok: breach.hidden ? '' : form.quiet_ok.value.trim(),
  };
}

async function plan() {
  planned.hidden = true;
  const body = wanted();
  try {
    tellPlanned(await send('POST', '/api/v1/programmes', body), body);
  } catch (refusal) {
    if (refusal.code !== 'breaks_airtime_law') throw refusal;
    breach.querySelector('p').textContent = refusal.message;
    breach.hidden = false;
    form.quiet_ok.focus();
    return;
  }
  breach.hidden = true;
  form.quiet_ok.value = '';
  clearTimeout(lookTimer);
  looked++;
  outlook.replaceChildren();
  refresh('programme');
}

function tellPlanned(programme, body) {
  const [y, m, d] = programme.start_date.split('-');
  const lines = [`Đã xếp ${programme.wall_time.slice(0, 5)} ngày ${d}/${m}/${y}, ${body.villages.length} làng.`];
  for (const no of programme.refused) lines.push(`Không phát vì: ${no.vi}`);
  const missing = [...new Set(programme.missing.map(lack => tongue(lack.language)))];
  if (missing.length) lines.push(`Chưa có lời đọc tiếng ${missing.join(', ')} nên chưa phát được tiếng đó.`);
  planned.querySelector('div').replaceChildren(...lines.map((line, i) => {
    const p = document.createElement('p');
    p.className = i ? 'sm' : '';
    p.textContent = line;
    return p;
  }));
  planned.dataset.st = lines.length > 1 ? 'cho' : 'san';
  planned.hidden = false;
}

form.addEventListener('submit', event => {
  event.preventDefault();
  if (review()?.dataset.state !== 'approved') {
    clearErrors(form);
    showError(form, new Refusal('', document.getElementById('plan-waits').textContent));
    return;
  }
  withButton(document.getElementById('plan-it'), form, plan);
});
document.getElementById('anyway').addEventListener('click', event => {
  withButton(event.currentTarget, form, async () => {
    if (!form.quiet_ok.value.trim()) {
      throw new Refusal('empty_reason', 'Ghi lý do, ví dụ: báo bão khẩn trong đêm.');
    }
    await plan();
  });
});
document.getElementById('other-time').addEventListener('click', () => {
  breach.hidden = true;
  form.wall_time.focus();
});

function mayPlan() {
  const state = review()?.dataset.state;
  const open = state === 'approved';
  const waits = document.getElementById('plan-waits');
  waits.hidden = open;
  waits.textContent = state === 'withdrawn'
    ? 'Tin đã rút, không xếp giờ phát được nữa.' : 'Duyệt bản tin rồi mới xếp giờ phát được.';
  if (!open) planned.hidden = breach.hidden = true;
  document.getElementById('plan-it').setAttribute('aria-disabled', !open);
  suggest(review()?.dataset.start);
}
document.addEventListener('part', event => {
  if (event.detail === 'bulletin') mayPlan();
});
mayPlan();

// ── taking it back ──
document.getElementById('lich').addEventListener('click', event => {
  const button = event.target.closest('[data-cancel]');
  if (!button) return;
  withButton(button, document.getElementById('lich'), async () => {
    const { cancel, again, what } = button.dataset;
    await send('DELETE', `/api/v1/programmes/${cancel}`);
    undo.querySelector('span').textContent = `Đã bỏ lịch ${what}.`;
    undo.querySelector('button').onclick = press => withButton(press.currentTarget, document.getElementById('lich'), async () => {
      await send('POST', `/api/v1/programmes/${cancel}/restore`, { sequence: Number(again) });
      undo.hidden = true;
      document.getElementById('h-lich').focus();
      refresh('programme');
    });
    undo.hidden = false;
    undo.querySelector('button').focus();
    refresh('programme');
  });
});
