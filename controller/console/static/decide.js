// Which of several ưu tiên bulletins goes first: one press, and who pressed is kept.

import { withButton } from './compose.js';
import { refresh } from './parts.js';
import { send } from './talk.js';

document.querySelector('[data-part=questions]').addEventListener('click', event => {
  const button = event.target.closest('[data-question]');
  if (!button) return;
  withButton(button, button.closest('section'), async () => {
    const { question, order, again } = button.dataset;
    await send('POST', `/api/v1/priority-questions/${question}/decision`, {
      order: order.split(' '), again: again !== undefined,
    });
    document.getElementById('said').textContent = 'Đã chốt thứ tự.';
    refresh('priority_question');
  });
});
