// The live part of the pages. Without it they are complete, and show the moment at which they were loaded.
import { connect } from './live.js';
import { rememberRegions, refreshRegions, watchBusyRegions } from './regions.js';
import { renderTimes } from './times.js';
import { enhanceScanForm } from './form.js';
import { enhanceSelection } from './select.js';

const MODES = {
  live: 'Live',
  polling: 'Polling every 5 s',
  offline: 'Server not reachable',
};

const connection = document.getElementById('connection');
const connectionText = document.getElementById('connection-text');

function showMode(mode) {
  if (!connection || connection.dataset.mode === mode) return;
  connection.dataset.mode = mode;
  connectionText.textContent = MODES[mode];
}

rememberRegions();
renderTimes(document);
setInterval(() => renderTimes(document), 1000);

const form = enhanceScanForm();
const selection = enhanceSelection();

/** Fetches the page anew and puts what changed in place; tells whether the server answered. */
async function refresh() {
  const answered = await refreshRegions();
  renderTimes(document);
  form?.update();
  selection?.update();
  return answered;
}

watchBusyRegions(connect(document.body.dataset.stream, { refresh, showMode }));
