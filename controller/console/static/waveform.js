// Draws what a recording looks like, from its peaks.

import { ask } from './talk.js';

const WIDTH = 400;
const MIDDLE = 30;

async function draw(svg) {
  try {
    const { points } = await ask('GET', svg.dataset.peaks);
    const step = WIDTH / Math.max(1, points.length);
    const most = Math.max(1, ...points.map(([low, high]) => Math.max(-low, high)));
    const line = points.map(([low, high], i) => {
      const x = (i * step + step / 2).toFixed(1);
      const up = (MIDDLE - (high / most) * (MIDDLE - 2)).toFixed(1);
      const down = (MIDDLE - (low / most) * (MIDDLE - 2)).toFixed(1);
      return `M${x} ${up}V${down === up ? (Number(up) + 0.6).toFixed(1) : down}`;
    });
    svg.firstElementChild.setAttribute('d', line.join(''));
    svg.dataset.drawn = svg.dataset.peaks;
  } catch {
    // It is only a picture: the recording can be heard without it.
  }
}

export function drawAll() {
  for (const svg of document.querySelectorAll('svg[data-peaks]')) {
    if (svg.dataset.drawn !== svg.dataset.peaks) draw(svg);
  }
}
