// The form of a new library scan and the states of its button: ready, disabled, validating.

const TEXTS = {
  ready: 'Start scan',
  disabled: 'Scan in progress',
  validating: 'Validating path…',
};

export function enhanceScanForm() {
  const form = document.getElementById('scan-form');
  if (!form) return null;
  const path = form.elements.namedItem('target');
  const button = document.getElementById('scan-button');
  const error = document.getElementById('scan-error');
  let isSending = false;

  function show(state) {
    button.dataset.state = state;
    button.disabled = state !== 'ready';
    button.textContent = TEXTS[state];
  }

  function refuse(message) {
    error.textContent = message;
    path.setAttribute('aria-invalid', 'true');
  }

  function accept() {
    error.textContent = '';
    path.removeAttribute('aria-invalid');
  }

  /** Disabled while a scan of the very folder in the field is active. */
  function update() {
    if (isSending) return;
    const active = document.getElementById('last-scan').dataset.active.split('\n').filter(Boolean);
    show(active.includes(normalized(path.value)) ? 'disabled' : 'ready');
  }

  path.addEventListener('input', () => {
    accept();
    update();
  });

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    accept();
    show('validating');
    try {
      const answer = await fetch('/api/v1/scans', {
        method: 'POST',
        credentials: 'same-origin',
        headers: {
          'Content-Type': 'application/json',
          'X-CSRF-Token': form.elements.namedItem('csrf_token').value,
        },
        body: JSON.stringify(wish(form)),
      });
      const body = await answer.json();
      if (answer.ok) {
        location.assign(`/scans/${body.number}`);
        return;
      }
      refuse(body.detail ?? 'The server refused the scan.');
    } catch {
      refuse('The server cannot be reached. Try again in a moment.');
    } finally {
      isSending = false;
      update();
    }
  });

  update();
  return { update };
}

function normalized(path) {
  const trimmed = path.trim();
  return trimmed.length > 1 ? trimmed.replace(/\/+$/, '') : trimmed;
}

function wish(form) {
  const value = (name) => form.elements.namedItem(name).value.trim();
  const list = (name) => value(name).split(',').map((text) => text.trim()).filter(Boolean);
  const params = {};
  if (list('allowed_extensions').length) params.allowed_extensions = list('allowed_extensions');
  if (list('exclude').length) params.exclude = list('exclude');
  if (value('max_size_bytes')) params.max_size_bytes = Number(value('max_size_bytes'));
  for (const name of ['follow_links', 'hash', 'allow_removal']) {
    if (form.elements.namedItem(name).checked) params[name] = true;
  }
  return { kind: 'library', target: value('target'), params };
}
