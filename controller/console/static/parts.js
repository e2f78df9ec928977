// Asks for a part of the page anew when something happened that it shows.

import { ask } from './talk.js';
import { morphChildren } from './morph.js';

const REST_MS = 600; // between two requests for one part

const states = new WeakMap();
const places = () => [...document.querySelectorAll('[data-part]')];

function stateOf(place) {
  if (!states.has(place)) states.set(place, { wanted: false, busy: false });
  return states.get(place);
}

// A part says which kinds of event it shows; what is in it may add to that.
export function refresh(kind) {
  for (const place of places()) {
    const also = place.querySelector('[data-also]')?.dataset.also;
    if (`${place.dataset.on} ${also}`.split(' ').includes(kind)) fetchSoon(place);
  }
}

export function refreshAll() {
  for (const place of places()) fetchSoon(place);
}

// What nobody can see is asked for when it comes into sight: a line may be slow.
const isOutOfSight = place => document.hidden || place.closest('[hidden], details:not([open])');

async function fetchSoon(place) {
  const state = stateOf(place);
  state.wanted = true;
  if (state.busy || isOutOfSight(place)) return;
  state.busy = true;
  while (state.wanted) {
    state.wanted = false;
    try {
      if (!await fetchNow(place)) state.wanted = true;
    } catch (refusal) {
      if (refusal.code === 'sign_in_needed') document.dispatchEvent(new Event('signed-out'));
    }
    await new Promise(done => setTimeout(done, REST_MS));
  }
  state.busy = false;
}

// What the page shows: the bulletin on the desk, words that are looked for, a phrase.
function asked(place) {
  const desk = document.getElementById('compose')?.dataset ?? {};
  const { of, phrase } = place.dataset;
  const given = { tin: desk.bulletin, tim: document.getElementById('tim')?.value, tieng: of, cau: phrase };
  return new URLSearchParams(Object.entries(given).filter(([, value]) => value)).toString();
}

// False when another bulletin has come on the desk meanwhile: then the answer is of no use.
async function fetchNow(place) {
  const query = asked(place);
  const address = place.dataset.at ?? `/parts/${place.dataset.part}`;
  const html = await ask('GET', `${address}?${query}`);
  if (query !== asked(place)) return false;
  const fresh = document.createElement('template');
  fresh.innerHTML = html;
  morphChildren(place, fresh.content);
  document.dispatchEvent(new CustomEvent('part', { detail: place.dataset.part }));
  return true;
}

// Wait until all pieces of a part that are in sight are as the server has them now.
export async function refreshNow(name) {
  const named = places().filter(place => place.dataset.part === name);
  for (const place of named) if (isOutOfSight(place)) stateOf(place).wanted = true;
  await Promise.all(named.filter(place => !isOutOfSight(place)).map(fetchNow));
}

// Something came into sight: ask for what was wanted meanwhile.
export function refreshSeen() {
  for (const place of places()) if (stateOf(place).wanted) fetchSoon(place);
}
document.addEventListener('visibilitychange', refreshSeen);
document.addEventListener('toggle', refreshSeen, true);
