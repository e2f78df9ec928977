// Hearing, approving, returning, withdrawing the bulletin on the desk.

import { bulletinId, save, seenVersion, withButton } from './compose.js';
import { refreshNow } from './parts.js';
import { clearErrors, send } from './talk.js';

const place = document.getElementById('part-bulletin');
const doubtful = document.getElementById('doubtful');
let wantsToHear = false;

async function act(verb, body) {
  const id = await save();
  await send('POST', `/api/v1/bulletins/${id}/${verb}`, body);
  await refreshNow('bulletin');
  keepFocus();
}

// Only the words that are on the screen are approved. What does not look like its language is
// approved only by who says here and now that it is.
async function approve(languages = []) {
  const id = await save();
  doubtful.close();
  const body = { version: seenVersion(), language_confirmed: languages };
  try {
    await send('POST', `/api/v1/bulletins/${id}/approve`, body);
  } catch (refusal) {
    if (refusal.code !== 'language_doubtful') throw refusal;
    doubtful.querySelector('p').textContent = refusal.message;
    doubtful.showModal();
    return;
  }
  await refreshNow('bulletin');
  keepFocus();
}
document.getElementById('confirm-language').addEventListener('click', event => {
  const languages = [...document.querySelectorAll('textarea[data-script]')].filter(a => a.value.trim());
  withButton(event.currentTarget, place, () => approve(languages.map(area => area.name)));
});

async function stop(item) {
  await send('DELETE', `/api/v1/work-items/${item}`);
  await refreshNow('bulletin');
  keepFocus();
}

// The pressed button may be gone: whoever works by keyboard goes on where it stood.
function keepFocus() {
  if (document.activeElement === document.body) document.getElementById('h-duyet').focus();
}

const hear = () => {
  wantsToHear = true;
  return act('preview').then(() => {
    playIfWanted();
    place.scrollIntoView({ block: 'nearest' });
  });
};

place.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  const { act: verb, open, stop: item } = button.dataset;
  if (verb === 'preview') withButton(button, place, hear);
  else if (verb === 'approve') withButton(button, place, () => approve());
  else if (item) withButton(button, place, () => stop(item));
  else if (verb) withButton(button, place, () => act(verb));
  else if (open) document.getElementById(open).showModal();
});

document.getElementById('listen')?.addEventListener('click', event => {
  withButton(event.currentTarget, place, hear);
});

place.addEventListener('submit', async event => {
  event.preventDefault();
  const form = event.target;
  const body = { why: form.why.value };
  clearErrors(form);
  await withButton(form.querySelector('.btn'), form, async () => {
    await send('POST', `/api/v1/bulletins/${bulletinId()}/${form.dataset.reason}`, body);
    form.closest('dialog')?.close();
    form.closest('details')?.removeAttribute('open');
    await refreshNow('bulletin');
    keepFocus();
  });
});

document.addEventListener('click', event => {
  if (event.target.closest('[data-close]')) event.target.closest('dialog').close();
});

// Who pressed “Nghe thử” hears it as soon as it is there.
function playIfWanted() {
  const sound = place.querySelector('audio');
  if (!wantsToHear || !sound) return;
  wantsToHear = false;
  sound.play().catch(() => sound.focus());
}

document.addEventListener('part', event => {
  if (event.detail === 'bulletin') playIfWanted();
});
