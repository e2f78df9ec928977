// The page on which one phrase is recorded.

import './recording.js';
import { keepLine } from './line.js';
import { refresh, refreshAll } from './parts.js';

keepLine(kind => (kind === 'hello' ? refreshAll() : refresh(kind)), () => {});
