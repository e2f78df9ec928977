// A person's voice: who reads, the file that they bring, a second person who hears it, the air.

import { refreshNow } from './parts.js';
import { clearErrors, Refusal, send, showError, upload } from './talk.js';
import { drawAll } from './waveform.js';

// The desk saves the words first: a recording is good for exactly those. A phrase has its own.
async function textOf(studio) {
  const { language, phrase } = studio.dataset;
  if (phrase) return { language, phrase };
  const { save, seenVersion } = await import('./compose.js');
  return { language, bulletin: await save(), version: seenVersion() };
}

async function enrol(studio) {
  const place = studio.querySelector('[data-enrol]');
  const value = name => place.querySelector(`[data-${name}]`).value.trim();
  const reader = await send('POST', '/api/v1/readers', {
    name: value('name'),
    languages: [studio.dataset.language],
    consent: value('consent'),
    account: value('account') || null,
  });
  place.parentElement.open = false;
  document.activeElement.blur();
  await refreshNow(partOf(studio));
  const choice = studioOf(studio).querySelector('[data-reader]');
  choice.value = reader.id;
  choice.focus();
}

async function bring(studio) {
  const [file] = studio.querySelector('[data-file]').files;
  const reader = studio.querySelector('[data-reader]')?.value;
  if (!reader) throw new Refusal('no_reader', 'Ghi tên người đọc trước, rồi tải bản thu lên.');
  if (!file) throw new Refusal('no_file', 'Chọn tệp ghi âm trước, ví dụ tệp vừa thu bằng điện thoại.');
  const text = await textOf(studio);
  const asked = new URLSearchParams({ ...text, reader, name: file.name });
  const sending = studio.querySelector('.sending');
  const [bar, said] = sending.children;
  studio.dataset.busy = '';
  sending.hidden = false;
  try {
    await upload(`/api/v1/recordings?${asked}`, file, share => {
      bar.value = 100 * share;
      said.textContent = share < 1 ? `Đã gửi ${Math.floor(100 * share)} %` : 'Đã gửi hết, máy đang đo…';
    });
  } finally {
    sending.hidden = true;
    delete studio.dataset.busy;
  }
  studio.querySelector('[data-file]').value = '';
  studio.querySelector('.bring').open = false;
  await refreshNow(partOf(studio));
  studioOf(studio).querySelector('.takes2 audio')?.focus();
}

async function judge(button, studio) {
  const { take, do: act } = button.dataset;
  const body = {
    heard: { understands: true },
    vouch: { vouch: true },
    release: undefined,
  };
  const verb = act === 'vouch' ? 'heard' : act;
  const why = button.closest('details')?.querySelector('input');
  await send('POST', `/api/v1/recordings/${take}/${verb}`, why ? { why: why.value } : body[act]);
  button.closest('details')?.removeAttribute('open');
  await refreshNow(partOf(studio));
  document.getElementById(`take-${take}`)?.querySelector('button, audio')?.focus();
}

const partOf = studio => studio.closest('[data-part]').dataset.part;

// A studio may be a fresh copy after its part came anew.
const studioOf = old => document.querySelector(
  `.studio[data-language="${old.dataset.language}"][data-phrase="${old.dataset.phrase}"]`,
);

document.addEventListener('click', async event => {
  const button = event.target.closest('.studio [data-do]');
  if (!button || button.getAttribute('aria-disabled') === 'true') return;
  const studio = button.closest('.studio');
  const place = button.closest('[data-enrol]') ?? studio;
  button.setAttribute('aria-disabled', 'true');
  clearErrors(studio);
  try {
    const act = button.dataset.do;
    if (act === 'enrol') await enrol(studio);
    else if (act === 'bring') await bring(studio);
    else await judge(button, studio);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    showError(place, refusal);
  } finally {
    button.removeAttribute('aria-disabled');
  }
});

document.addEventListener('part', event => {
  if (['recording', 'thu'].includes(event.detail)) drawAll();
});
drawAll();
