// Writing: languages as tabs, what will be read beside what is written, drafts that survive.

import { ask, clearErrors, Refusal, send, showError } from './talk.js';
import { Drafts } from './draft.js';
import { refreshNow, refreshSeen } from './parts.js';
import { hour, now } from './ticking.js';

const READ_AFTER_MS = 350;
const KEEP_AFTER_MS = 300;
const NEAR = 0.9; // of the limit: from here on the counter shows

const form = document.getElementById('compose');
const kept = document.getElementById('kept');
const saved = document.getElementById('saved');
const tabs = form.querySelector('[role=tablist]');
const drafts = new Drafts(form.dataset.person);
const max = Number(form.dataset.max);

const texts = () => [...form.querySelectorAll('textarea[data-script]')];
export const tongue = tag => document.getElementById(`panel-${tag}`)?.dataset.name
  ?? document.querySelector(`#t-${tag} b`)?.textContent ?? tag;
export const bulletinId = () => form.dataset.bulletin;
const textOf = tag => document.getElementById(`text-${tag}`);
const copyOf = id => document.getElementById(id).content.cloneNode(true);

const unitAtFirst = form.unit.querySelector?.('[selected]')?.value ?? form.unit.defaultValue ?? form.unit.value;
export const unitId = () => form.unit.value;
export const unitName = () => form.unit.selectedOptions?.[0].textContent ?? form.unit.dataset.name;

// What stands in the fields: `value` as it is now, `defaultValue` as the server sent it.
function written(as = 'value') {
  const scripts = {};
  for (const area of texts()) if (area[as].trim()) scripts[area.name] = area[as];
  return {
    scripts: Object.keys(scripts).length ? scripts : { vi: '' },
    title: form.title[as],
    kind: [...form.elements.kind].find(r => (as === 'value' ? r.checked : r.defaultChecked)).value,
    until: `${form.until_date[as]}T${form.until_time[as]}`,
    unit: as === 'value' ? form.unit.value : unitAtFirst,
  };
}

// Not what is in the fields now: on a slow line a person types before this module has come.
let base = JSON.stringify(written('defaultValue'));
const isDirty = () => JSON.stringify(written()) !== base;

// ── tabs ──
function show(tab, focus) {
  for (const each of tabs.children) {
    const on = each === tab;
    each.setAttribute('aria-selected', on);
    each.tabIndex = on ? 0 : -1;
    document.getElementById(each.getAttribute('aria-controls')).hidden = !on;
  }
  refreshSeen();
  if (focus) tab.focus();
}

export function openLanguage(tag) {
  if (!textOf(tag)) addLanguage(tag);
  const tab = document.getElementById(`t-${tag}`);
  if (tab) show(tab);
  return textOf(tag);
}

function addLanguage(tag) {
  const panel = document.getElementById(`panel-${tag}`);
  if (!panel) return;
  const tab = copyOf('tab').firstElementChild;
  tab.id = `t-${tag}`;
  tab.href = `?tieng=${tag}#soan`;
  tab.setAttribute('aria-controls', `p-${tag}`);
  tab.querySelector('b').textContent = panel.dataset.name;
  tabs.append(tab);
  const last = [...form.querySelectorAll('[role=tabpanel]')].pop();
  last.after(panel.content.cloneNode(true));
  document.querySelector(`#add-language option[value="${tag}"]`)?.remove();
  markTabs();
}

tabs.addEventListener('click', event => {
  const tab = event.target.closest('[role=tab]');
  if (!tab) return;
  event.preventDefault();
  show(tab);
});
tabs.addEventListener('keydown', event => {
  const all = [...tabs.children];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step && event.key !== ' ') return;
  event.preventDefault();
  if (!step) return event.target.click();
  show(all[(all.indexOf(document.activeElement) + step + all.length) % all.length], true);
});
document.getElementById('add-language')?.addEventListener('change', event => {
  const tag = event.target.value;
  if (!tag) return;
  openLanguage(tag)?.focus();
});

// The state under a language's name: being edited, else what the server last said of it.
function markTabs() {
  const before = JSON.parse(base).scripts;
  for (const tab of tabs.children) {
    const tag = tab.id.slice(2);
    const edited = textOf(tag).value !== (before[tag] ?? '');
    const said = document.querySelector(`[data-tab="${tag}"]`);
    const state = tab.querySelector('span');
    if (edited || !said) {
      state.dataset.st = 'nhap';
      state.replaceChildren(copyOf(edited ? 'unsaved' : 'unwritten'));
    } else {
      state.dataset.st = said.dataset.st;
      state.innerHTML = said.innerHTML;
    }
  }
}

// ── what will be read, and what to ask of it ──
const reads = new Map(); // by language: what was read last, which asking is the latest, a timer

function stateOf(tag) {
  if (!reads.has(tag)) reads.set(tag, { key: null, latest: 0, timer: 0 });
  return reads.get(tag);
}

// What was approved is shown word for word as long as nobody edits it.
const pinned = new Map([...form.querySelectorAll('[data-pinned]')].map(e => [e.id, e.innerHTML]));

function readSoon(tag) {
  const state = stateOf(tag);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => readNow(tag), READ_AFTER_MS);
}

// Whoever sees the reading has seen the version that the server had before it was asked for.
export async function readNow(tag, { anew = false } = {}) {
  const text = textOf(tag)?.value ?? '';
  const reading = document.getElementById(`reading-${tag}`);
  const state = stateOf(tag);
  const key = JSON.stringify([text, unitId()]);
  if (form.dataset.state === 'approved' && !isDirty() && pinned.has(reading?.id)) {
    state.key = null;
    state.latest += 1;
    reading.innerHTML = pinned.get(reading.id);
    reading.removeAttribute('aria-busy');
    return;
  }
  if (!reading || (key === state.key && !anew)) return;
  const mine = ++state.latest;
  if (!text.trim()) {
    state.key = key;
    reading.replaceChildren(...(tag === 'vi' ? [copyOf('no-reading')] : []));
    return;
  }
  const version = versionOfTheseWords();
  reading.setAttribute('aria-busy', 'true');
  try {
    const html = await ask('POST', '/parts/reading', { text, language: tag, unit: unitId() });
    if (mine !== state.latest) return;
    state.key = key;
    reading.innerHTML = html;
    if (version && tag === 'vi' && !isDirty()) form.dataset.version = version;
    document.dispatchEvent(new CustomEvent('reading', { detail: tag }));
  } catch (refusal) {
    if (mine !== state.latest) return;
    if (refusal.code === 'sign_in_needed') document.dispatchEvent(new Event('signed-out'));
    const note = document.createElement('p');
    note.className = 'mut';
    note.textContent = refusal.message;
    reading.replaceChildren(note);
  }
  reading.removeAttribute('aria-busy');
}

// Words put into a field by the page count as typed.
export function write(area, text) {
  area.value = text;
  area.dispatchEvent(new Event('input', { bubbles: true }));
}

// ── keeping ──
let keepTimer = 0;
let savedWords = saved.textContent;
let noted = Promise.resolve(); // the version that came last is on the screen
let saving = false; // what comes meanwhile of the bulletin is our own doing

function noteEdit() {
  markTabs();
  for (const each of texts()) {
    const count = [...each.value].length;
    const said = count > NEAR * max ? `${count.toLocaleString('vi-VN')} / ${max.toLocaleString('vi-VN')} ký tự` : '';
    document.getElementById(`count-${each.name}`).textContent = said;
  }
  document.getElementById('unapproves').hidden = !(form.dataset.state === 'approved' && isDirty());
  if (isDirty() && saved.textContent === savedWords) saved.textContent = 'Chưa lưu';
  clearTimeout(keepTimer);
  keepTimer = setTimeout(keepNow, KEEP_AFTER_MS);
}

function keepNow() {
  if (!isDirty()) {
    drafts.forget(bulletinId());
    saved.textContent = savedWords;
    return;
  }
  const held = drafts.keep(bulletinId(), { ...written(), at: now() });
  saved.textContent = held ? `Giữ trên máy này lúc ${hour(now())}, chưa lưu` : 'Chưa lưu';
}

function restore(draft) {
  const put = (field, value) => {
    if (field && field.value === field.defaultValue) field.value = value;
  };
  for (const tag of Object.keys(draft.scripts)) {
    if (!textOf(tag)) addLanguage(tag);
    put(textOf(tag), draft.scripts[tag]);
  }
  put(form.title, draft.title);
  if (draft.unit !== undefined && form.unit.value === unitAtFirst) form.unit.value = draft.unit;
  if (!bulletinId()) form.elements.kind.value = draft.kind;
  const [date, time] = draft.until.split('T');
  put(form.until_date, date);
  put(form.until_time, time);
}

function tellKept(words) {
  kept.querySelector('b').textContent = words;
  kept.hidden = false;
}

kept.querySelector('button').addEventListener('click', () => {
  drafts.forget(bulletinId());
  removeEventListener('beforeunload', keepNow);
  location.reload();
});

form.addEventListener('input', event => {
  noteEdit();
  if (event.target.dataset.script !== undefined) readSoon(event.target.name);
});
form.unit.addEventListener('change', () => {
  for (const area of texts()) readNow(area.name);
});
form.addEventListener('submit', event => event.preventDefault());
addEventListener('beforeunload', keepNow);

// ── saving ──

// The version whose words are on the screen.
export const seenVersion = () => form.dataset.version;

// Brings what is on the screen to the server, if it is not there yet; gives the bulletin's id.
export async function save() {
  await settled();
  if (bulletinId() && !isDirty()) return bulletinId();
  clearErrors(form);
  const current = written();
  const { scripts, title } = current;
  if (!form.until_date.value || !form.until_time.value) {
    throw new Refusal('bad_bulletin', 'Ghi đủ ngày và giờ hết giá trị, ví dụ 15/08/2026 11:30.');
  }
  const body = {
    scripts, title, valid_until: `${current.until}:00${form.dataset.offset}`, unit: current.unit || null,
  };
  const old = bulletinId();
  saving = true;
  try {
    const b = old
      ? await send('PUT', `/api/v1/bulletins/${old}`, body)
      : await send('POST', '/api/v1/bulletins', { ...body, kind: current.kind });
    await wasKept(b, old, current);
    return b.id;
  } finally {
    saving = false;
  }
}

// What is on the screen is now what the server has.
async function wasKept(b, old, current) {
  clearTimeout(keepTimer);
  drafts.forget(old);
  form.dataset.bulletin = b.id;
  base = JSON.stringify(current);
  kept.hidden = true;
  if (!old) {
    history.replaceState(null, '', `/?tin=${b.id}#soan`);
    form.elements.kind[0].closest('fieldset').disabled = true;
  }
  if (!current.title.trim()) {
    form.title.value = b.title;
    base = JSON.stringify({ ...current, title: b.title });
  }
  document.getElementById('h-soan').textContent = b.title;
  await Promise.all([refreshNow('bulletin'), refreshNow('recording')]);
  ({ version: form.dataset.version, words: form.dataset.words } = document.getElementById('review').dataset);
  saved.textContent = savedWords = `Đã lưu ${hour(now())} trên máy chủ`;
  noteEdit();
}

document.getElementById('save')?.addEventListener('click', async event => {
  await withButton(event.currentTarget, form, save);
});

// One press at a time; a refusal goes to where it belongs.
export async function withButton(button, place, act) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  clearErrors(place);
  clearErrors(form);
  try {
    await act();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const isOfWords = form.querySelector(`[data-codes~="${refusal.code}"]`);
    showError(isOfWords ? form : place, refusal);
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

document.addEventListener('part', event => {
  if (event.detail !== 'bulletin') return;
  const review = document.getElementById('review');
  if (!review) return;
  form.dataset.state = review.dataset.state;
  if (form.dataset.state === 'withdrawn') closeForm();
  if (!saving) noted = noted.then(() => noteVersion(review.dataset));
  noteEdit();
});

function versionOfTheseWords() {
  const shown = document.getElementById('review')?.dataset;
  return shown && shown.words === form.dataset.words ? shown.version : null;
}

// Somebody else's words are told; another reading of the same words is shown.
async function noteVersion({ version, words, edited }) {
  if (!form.dataset.version || form.dataset.version === version) return;
  if (form.dataset.words === words) await readNow('vi', { anew: true });
  else tellKept(`${edited} vừa sửa tin này. Bài ở đây chưa ghi đè.`);
}

async function settled() {
  for (let last; last !== noted;) await (last = noted);
}

// After a reading was taught: as everybody reads it from now on, here and for approval.
export function readAnew() {
  const work = readNow('vi', { anew: true }).then(() => refreshNow('bulletin'));
  noted = noted.then(() => work).catch(() => {}); // whoever asked for it is told
  return work;
}

// A withdrawn bulletin is read, not written.
function closeForm() {
  for (const field of form.querySelectorAll('input, textarea')) field.readOnly = true;
  form.querySelector('.voice')?.remove();
}

// ── at the start ──
form.dataset.version = document.getElementById('review')?.dataset.version ?? '';
form.dataset.words = document.getElementById('review')?.dataset.words ?? '';
const draft = form.dataset.state === 'withdrawn' ? null : drafts.load(bulletinId());
if (draft) {
  restore(draft);
  if (isDirty() && bulletinId()) tellKept(`Bài viết dở lúc ${hour(draft.at)} được giữ trên máy này, chưa lưu.`);
}
if (isDirty()) for (const area of texts()) readNow(area.name);
noteEdit();
