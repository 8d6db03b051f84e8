// Times: ages that grow by the second, and dates in the reader's own zone.

// The server says what its database takes for now; this machine's clock only measures what has passed since.
const dates = new Intl.DateTimeFormat('en-US', {
  month: 'short', day: 'numeric', year: 'numeric', hour: 'numeric', minute: '2-digit',
});

const exactDates = new Intl.DateTimeFormat('en-US', {
  month: 'short', day: 'numeric', year: 'numeric', hour: 'numeric', minute: '2-digit', second: '2-digit',
});

export function renderTimes(root) {
  const zone = root.querySelector('[data-zone]');
  if (zone) zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'local time';
  for (const element of root.querySelectorAll('time[data-date]')) {
    const format = element.dataset.date === 'exact' ? exactDates : dates;
    set(element, format.format(new Date(element.dateTime)).replace(/(\d{4}), /, '$1 '));
  }
  for (const element of root.querySelectorAll('time[data-age]')) {
    element.bornAt ??= performance.now() - seconds(element.dataset.age) * 1000;
    set(element, age((performance.now() - element.bornAt) / 1000));
  }
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function seconds(text) {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : 0;
}

function age(elapsed) {
  const whole = Math.max(0, Math.floor(elapsed));
  if (whole < 1) return 'just now';
  if (whole < 60) return `${whole} s ago`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ago`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ago`;
  const days = Math.floor(whole / 86400);
  return `${days} ${days === 1 ? 'day' : 'days'} ago`;
}
