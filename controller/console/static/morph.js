// Makes a piece of the page like a fresh copy of it, touching only what differs: sound goes on,
// focus stays, and what a person has opened or is filling in is left alone.

export function morph(old, fresh) {
  if (old.isEqualNode(fresh) || isInUse(old)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== 'open' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morphChildren(old, fresh);
}

export function morphChildren(old, fresh) {
  const byId = new Map([...old.children].filter(c => c.id).map(c => [c.id, c]));
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const known = next.id && byId.get(next.id);
    if (known && known !== at) old.insertBefore(known, at);
    if (known) at = known;
    if (at && alike(at, next)) {
      const after = at.nextSibling;
      morph(at, next);
      at = after;
    } else {
      old.insertBefore(next, at);
    }
  }
  while (at) {
    const after = at.nextSibling;
    at.remove();
    at = after;
  }
}

const alike = (a, b) => a.nodeName === b.nodeName && (a.id || '') === (b.id || '');

const isInUse = node => node.nodeType === Node.ELEMENT_NODE
  && (node.matches('dialog[open], [data-busy], [data-drawn]') || node.matches('details[open]')
    && node.contains(document.activeElement) && document.activeElement.matches('input, textarea'));
