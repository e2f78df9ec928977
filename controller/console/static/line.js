// The line to the server: events as they happen, and since when there are none.

const KINDS = ['hello', 'beat', 'bulletin', 'rendition', 'plan', 'programme', 'device', 'as_run', 'command',
  'recording', 'reader', 'lexicon', 'speech', 'phrase', 'priority_question', 'alarm'];
const SILENT_MS = 35_000; // two missed beats of 15 s
const AGAIN_MS = 4_000;

let source = null;
let heardAt = 0;
let lostAt = null;
let signedOut = false;

// `heard(kind, body)` for each event, `changed(lostSinceMs | null)` when the line is lost or back.
export function keepLine(heard, changed) {
  const lose = () => {
    if (lostAt === null) changed(lostAt = Date.now());
  };
  const open = () => {
    source?.close();
    signedOut = false;
    source = new EventSource('/api/v1/events');
    heardAt = Date.now();
    for (const kind of KINDS) {
      source.addEventListener(kind, event => {
        heardAt = Date.now();
        if (lostAt !== null) changed(lostAt = null);
        heard(kind, JSON.parse(event.data));
      });
    }
    source.onerror = lose;
  };
  setInterval(() => {
    if (signedOut) return;
    const silent = Date.now() - heardAt > SILENT_MS;
    if (silent) lose();
    if (silent || source.readyState === EventSource.CLOSED) open();
  }, AGAIN_MS);
  addEventListener('offline', lose);
  addEventListener('online', open);
  addEventListener('pagehide', () => source.close());
  document.addEventListener('signed-in', open);
  document.addEventListener('signed-out', () => { signedOut = true; });
  open();
}
