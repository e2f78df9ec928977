// A draft is kept on this machine while it is written: it survives a reload and a lost line.

const MOST = 20; // drafts of other bulletins kept beside this one

export class Drafts {
  constructor(person) {
    this.prefix = `loa:${person}:`;
  }

  load(bulletin) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + (bulletin || 'new')));
    } catch {
      return null;
    }
  }

  // False when the browser keeps nothing (private window, full).
  keep(bulletin, draft) {
    try {
      localStorage.setItem(this.prefix + (bulletin || 'new'), JSON.stringify(draft));
      this.#forgetOldest();
      return true;
    } catch {
      return false;
    }
  }

  forget(bulletin) {
    try {
      localStorage.removeItem(this.prefix + (bulletin || 'new'));
    } catch {
      // Nothing was kept, so there is nothing to forget.
    }
  }

  #forgetOldest() {
    const mine = Object.keys(localStorage).filter(k => k.startsWith(this.prefix));
    if (mine.length <= MOST) return;
    const at = key => JSON.parse(localStorage.getItem(key)).at ?? 0;
    mine.sort((a, b) => at(a) - at(b));
    for (const key of mine.slice(0, mine.length - MOST)) localStorage.removeItem(key);
  }
}
