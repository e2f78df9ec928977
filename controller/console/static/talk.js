// Talks to the server. A refusal carries the server's words; a session that has ended is renewed
// in place, so that nothing typed is lost.

export class Refusal extends Error {
  constructor(code, words) {
    super(words);
    this.code = code;
  }
}

const NO_LINE = 'Mất mạng, chưa gửi được. Mọi thứ trên màn hình vẫn còn; có mạng thì bấm lại.';
const NO_SENSE = 'Máy chủ gặp lỗi, chưa lưu gì. Chờ một lát rồi bấm lại.';
const NOT_TAKEN = 'Máy chủ không nhận dữ liệu này. Xem lại các ô rồi bấm lại.';
const SIGNED_OUT = 'Cần đăng nhập lại để làm việc này. Mọi thứ trên màn hình vẫn còn.';

// What a person asked for: signs in again when needed, then goes on.
export async function send(method, path, body) {
  try {
    return await ask(method, path, body);
  } catch (refusal) {
    if (refusal.code !== 'sign_in_needed') throw refusal;
    if (!await signInAgain()) throw new Refusal('sign_in_needed', SIGNED_OUT);
    return ask(method, path, body);
  }
}

// A long file, with how much of it has gone, from 0 to 1.
export async function upload(path, file, told) {
  try {
    return await sendFile(path, file, told);
  } catch (refusal) {
    if (refusal.code !== 'sign_in_needed') throw refusal;
    if (!await signInAgain()) throw new Refusal('sign_in_needed', SIGNED_OUT);
    return sendFile(path, file, told);
  }
}

function sendFile(path, file, told) {
  return new Promise((settle, fail) => {
    const request = new XMLHttpRequest(); // fetch does not say how much has gone
    request.open('POST', path);
    request.responseType = 'json';
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = event => told(event.total ? event.loaded / event.total : 0);
    request.onerror = () => fail(new Refusal('no_line', NO_LINE));
    request.onload = () => {
      const said = request.response ?? {};
      if (request.status < 300) settle(said);
      else if (said.vi) fail(new Refusal(said.code, said.vi));
      else fail(new Refusal('refused', request.status < 500 ? NOT_TAKEN : NO_SENSE));
    };
    request.send(file);
  });
}

// What the page asks for by itself: never interrupts.
export async function ask(method, path, body) {
  const given = { method, headers: {} };
  if (body !== undefined) {
    given.body = JSON.stringify(body);
    given.headers['content-type'] = 'application/json';
  }
  let answer;
  try {
    answer = await fetch(path, given);
  } catch {
    throw new Refusal('no_line', NO_LINE);
  }
  if (answer.status === 204) return null;
  const isJson = (answer.headers.get('content-type') || '').includes('json');
  const said = await (isJson ? answer.json() : answer.text());
  if (answer.ok) return said;
  if (said.vi) throw new Refusal(said.code, said.vi);
  throw new Refusal('refused', answer.status < 500 ? NOT_TAKEN : NO_SENSE);
}

const dialog = document.getElementById('sign-in');
let signingIn = null;

export function signInAgain() {
  signingIn ??= new Promise(settle => {
    const form = dialog.querySelector('form');
    const back = document.activeElement;
    let done = false;
    form.onsubmit = async event => {
      event.preventDefault();
      clearErrors(form);
      try {
        await ask('POST', '/api/v1/sessions', { name: form.name.value, password: form.password.value });
        done = true;
        form.password.value = '';
        dialog.close();
      } catch (refusal) {
        showError(form, refusal);
      }
    };
    dialog.onclose = () => {
      signingIn = null;
      back?.focus?.();
      settle(done);
      if (done) document.dispatchEvent(new Event('signed-in'));
    };
    dialog.showModal();
    form.password.focus();
  });
  return signingIn;
}

// Puts a refusal beside the field that it speaks of, else at the end of the form.
export function showError(place, refusal) {
  const fields = [...place.querySelectorAll('[data-codes]')].filter(f => !f.closest('[hidden]'));
  const field = fields.find(f => ['*', refusal.code].some(c => f.dataset.codes.split(' ').includes(c)));
  const note = document.getElementById('err').content.firstElementChild.cloneNode(true);
  note.lastElementChild.textContent = refusal.message;
  note.id = `err-${Math.random().toString(36).slice(2)}`;
  if (field) {
    field.after(note);
    field.setAttribute('aria-invalid', 'true');
    field.dataset.described ??= field.getAttribute('aria-describedby') ?? '';
    field.setAttribute('aria-describedby', `${note.id} ${field.dataset.described}`.trim());
    field.focus();
    field.addEventListener('input', () => clearErrors(place), { once: true });
  } else {
    place.querySelector('[data-rest]').append(note);
    note.tabIndex = -1;
    note.focus();
  }
}

export function clearErrors(place) {
  for (const note of place.querySelectorAll('[id^="err-"]')) note.remove();
  for (const field of place.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    if (field.dataset.described) field.setAttribute('aria-describedby', field.dataset.described);
    else field.removeAttribute('aria-describedby');
  }
}
