// What moves between two words from the server: the clock, count-downs, positions.

const clock = document.getElementById('clock');
const since = performance.now() - performance.getEntriesByType('navigation')[0].responseStart;
const ahead = Number(clock.dataset.now) + since - Date.now();
const wall = new Intl.DateTimeFormat('vi-VN', {
  timeZone: clock.dataset.zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
});

// The server's time in ms; the clock of an old laptop may be hours off.
export const now = () => Date.now() + ahead;

const date = new Intl.DateTimeFormat('en-CA', { timeZone: clock.dataset.zone });
const heading = new Intl.DateTimeFormat('vi-VN', {
  timeZone: clock.dataset.zone, weekday: 'long', day: '2-digit', month: '2-digit', year: 'numeric',
});

// The station's date so many days from now, as 2026-08-14.
export const dateIn = days => date.format(now() + days * 86_400_000);

export const hour = ms => wall.format(ms);

export const length = ms => {
  const s = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
};

function away(ms) {
  if (ms <= 0) return '';
  if (ms < 600_000) return `còn ${length(ms)}`;
  const minutes = Math.round(ms / 60_000);
  if (minutes < 60) return `còn ${minutes} phút`;
  return `còn ${Math.floor(minutes / 60)} giờ${minutes % 60 ? ` ${minutes % 60} phút` : ''}`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function tick() {
  const ms = now();
  write(clock, hour(ms));
  write(document.getElementById('today'), heading.format(ms));
  for (const e of document.querySelectorAll('[data-until]')) write(e, away(e.dataset.until - ms));
  for (const e of document.querySelectorAll('[data-late]')) write(e, length(ms - e.dataset.late));
  if (document.body.classList.contains('stale')) return;
  for (const e of document.querySelectorAll('[data-since]')) {
    const most = Number(e.dataset.most);
    const at = Math.min(ms - e.dataset.since, most);
    write(e, length(at));
    const bar = e.parentElement.querySelector('.prog rect');
    if (bar && most) bar.setAttribute('width', Math.max(0, (100 * at) / most).toFixed(1));
  }
}
