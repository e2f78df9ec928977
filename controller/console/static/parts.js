// Asks for a part of the page anew when something happened that it shows.

import { ask } from './talk.js';
import { morphChildren } from './morph.js';

const REST_MS = 600; // between two requests for one part

const parts = [...document.querySelectorAll('[data-part]')].map(place => ({
  place,
  wanted: false,
  busy: false,
}));

// A part says which kinds of event it shows; what is in it may add to that.
export function refresh(kind) {
  for (const part of parts) {
    const also = part.place.querySelector('[data-also]')?.dataset.also;
    if (`${part.place.dataset.on} ${also}`.split(' ').includes(kind)) fetchSoon(part);
  }
}

export function refreshAll() {
  for (const part of parts) fetchSoon(part);
}

async function fetchSoon(part) {
  part.wanted = true;
  if (part.busy || document.hidden) return;
  part.busy = true;
  while (part.wanted) {
    part.wanted = false;
    try {
      if (!await fetchNow(part.place)) part.wanted = true;
    } catch (refusal) {
      if (refusal.code === 'sign_in_needed') document.dispatchEvent(new Event('signed-out'));
    }
    await new Promise(done => setTimeout(done, REST_MS));
  }
  part.busy = false;
}

// False when another bulletin has come on the desk meanwhile: then the answer is of no use.
async function fetchNow(place) {
  const desk = document.getElementById('compose').dataset;
  const bulletin = desk.bulletin;
  const html = await ask('GET', `/parts/${place.dataset.part}?tin=${encodeURIComponent(bulletin)}`);
  if (bulletin !== desk.bulletin) return false;
  const fresh = document.createElement('template');
  fresh.innerHTML = html;
  morphChildren(place, fresh.content);
  document.dispatchEvent(new CustomEvent('part', { detail: place.dataset.part }));
  return true;
}

// Wait until one part is as the server has it now.
export async function refreshNow(name) {
  await fetchNow(parts.find(p => p.place.dataset.part === name).place);
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) for (const part of parts) if (part.wanted) fetchSoon(part);
});
