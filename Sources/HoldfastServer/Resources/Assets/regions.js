// Regions of the page that the server renders and the page puts in place of their older selves.

const shown = new Map();
let pressed = null;
let isPassedOver = false;

/** Calls `refresh` once nobody is busy any more with a region that was passed over for it. */
export function watchBusyRegions(refresh) {
  const settle = () => {
    if (isPassedOver) refresh();
  };
  // A click that begins on one button and ends on its successor would be none.
  document.addEventListener('pointerdown', (event) => {
    pressed = event.target.closest('[data-region]');
  }, true);
  for (const type of ['pointerup', 'pointercancel']) {
    document.addEventListener(type, () => {
      // The click itself comes after it.
      setTimeout(() => {
        pressed = null;
        settle();
      });
    }, true);
  }
  document.addEventListener('toggle', settle, true);
  document.addEventListener('focusout', () => setTimeout(settle), true);
}

function isBusy(region) {
  return region === pressed
    || region.querySelector(':popover-open, input:not([type=checkbox]):focus, select:focus');
}

export function rememberRegions() {
  for (const region of document.querySelectorAll('[data-region]')) {
    shown.set(region.id, essence(region));
  }
}

/** The region without the ages, which the page counts up by itself. */
function essence(region) {
  return region.innerHTML.replace(/ data-age="[^"]*"([^>]*)>[^<]*</g, '$1><');
}

/** Tells whether the server answered. */
export async function refreshRegions() {
  let text;
  try {
    const answer = await fetch(location.href, {
      headers: { Accept: 'text/html' },
      credentials: 'same-origin',
      cache: 'no-store',
    });
    if (answer.redirected && new URL(answer.url).pathname === '/sign-in') {
      location.assign(answer.url);
      return true;
    }
    if (!answer.ok) return answer.status < 500;
    text = await answer.text();
  } catch {
    return false;
  }
  isPassedOver = false;
  const fresh = new DOMParser().parseFromString(text, 'text/html');
  for (const region of fresh.querySelectorAll('[data-region]')) replace(region);
  return true;
}

function replace(fresh) {
  const region = document.getElementById(fresh.id);
  if (!region || shown.get(fresh.id) === essence(fresh)) return;
  // Somebody is answering a question, typing or pressing a button here: when that is over will do.
  if (isBusy(region)) {
    isPassedOver = true;
    return;
  }
  shown.set(fresh.id, essence(fresh));
  const key = region.contains(document.activeElement) ? focusKey(document.activeElement) : null;
  const checked = [...region.querySelectorAll('input[data-key]:checked')].map((i) => i.dataset.key);
  const open = [...region.querySelectorAll('details[open] > summary')].map((s) => s.textContent);
  announce(region, fresh);
  for (const name of ['data-announce', 'data-active']) {
    if (fresh.hasAttribute(name)) region.setAttribute(name, fresh.getAttribute(name));
  }
  region.replaceChildren(...fresh.childNodes);
  for (const input of region.querySelectorAll('input[data-key]')) {
    input.checked = checked.includes(input.dataset.key);
  }
  for (const summary of region.querySelectorAll('details > summary')) {
    if (open.includes(summary.textContent)) summary.parentElement.open = true;
  }
  if (key) find(region, key)?.focus({ preventScroll: true });
}

function announce(region, fresh) {
  const text = fresh.dataset.announce;
  if (text && text !== region.dataset.announce) {
    document.getElementById('announcer').textContent = text;
  }
}

function focusKey(element) {
  return element.dataset.key
    ? { attribute: 'data-key', value: element.dataset.key }
    : element.hasAttribute('href')
      ? { attribute: 'href', value: element.getAttribute('href') }
      : null;
}

function find(region, { attribute, value }) {
  return region.querySelector(`[${attribute}="${CSS.escape(value)}"]`);
}
