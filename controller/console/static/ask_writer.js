// What a text makes one ask: is it in old letters, is it this language. Nothing is changed silently.

import { openLanguage, readNow, write } from './compose.js';

const form = document.getElementById('compose');
const answered = new Set(); // questions that were answered with “as it is”, until the next paste

const textOf = tag => document.getElementById(`text-${tag}`);
const tagOf = place => place.closest('[role=tabpanel]').id.slice(2);

function hideAnswered() {
  for (const question of form.querySelectorAll('[data-ask]')) {
    question.hidden = answered.has(`${question.dataset.ask} ${tagOf(question)}`);
  }
}

function move(from, to) {
  const area = openLanguage(to);
  if (!area) return;
  const text = textOf(from).value;
  write(area, area.value.trim() ? `${area.value.trimEnd()}\n\n${text}` : text);
  write(textOf(from), '');
  readNow(from);
  readNow(to);
  area.focus();
}

form.addEventListener('click', event => {
  const button = event.target.closest('[data-answer]');
  if (!button) return;
  const question = button.closest('[data-ask]');
  const tag = tagOf(question);
  const area = textOf(tag);
  switch (button.dataset.answer) {
    case 'take':
      write(area, question.dataset.text);
      readNow(tag);
      area.focus();
      break;
    case 'move':
      move(tag, button.dataset.to);
      break;
    default:
      answered.add(`${question.dataset.ask} ${tag}`);
      hideAnswered();
      area.focus();
  }
});
form.addEventListener('paste', event => {
  for (const kind of ['old-font', 'language']) answered.delete(`${kind} ${event.target.name}`);
});
document.addEventListener('reading', hideAnswered);
