// Keeps a page current: by server-sent events, and by polling where those fail.

const POLL_EVERY = 5000;
const REFRESH_AT_MOST_EVERY = 1000;
const RECONNECT_EVERY = 10000;

/** Returns what asks for a refresh as soon as one is due. */
export function connect(address, { refresh, showMode }) {
  let source = null;
  let lastEventId = '';
  let pollTimer = 0;
  let reconnectTimer = 0;
  let refreshTimer = 0;
  let isRefreshing = false;
  let isWanted = false;
  let lastRefresh = 0;

  async function refreshNow() {
    if (isRefreshing) {
      isWanted = true;
      return;
    }
    isRefreshing = true;
    isWanted = false;
    lastRefresh = performance.now();
    const answered = await refresh();
    isRefreshing = false;
    if (!answered) showMode('offline');
    else if (pollTimer) showMode('polling');
    if (isWanted) refreshSoon();
  }

  function refreshSoon() {
    if (refreshTimer) return;
    const wait = Math.max(0, lastRefresh + REFRESH_AT_MOST_EVERY - performance.now());
    refreshTimer = setTimeout(() => {
      refreshTimer = 0;
      refreshNow();
    }, wait);
  }

  function startPolling() {
    if (pollTimer) return;
    showMode('polling');
    pollTimer = setInterval(refreshNow, POLL_EVERY);
    refreshSoon();
  }

  function stopPolling() {
    clearInterval(pollTimer);
    pollTimer = 0;
  }

  function open() {
    close();
    const separator = address.includes('?') ? '&' : '?';
    const since = lastEventId ? `${separator}last_event_id=${lastEventId}` : '';
    source = new EventSource(address + since);
    source.onopen = () => {
      stopPolling();
      showMode('live');
      refreshSoon();
    };
    source.onerror = () => {
      startPolling();
      // The browser comes back by itself unless the server refused; then we ask again now and then.
      if (source.readyState === EventSource.CLOSED) {
        reconnectTimer = setTimeout(open, RECONNECT_EVERY);
      }
    };
    source.addEventListener('lifecycle', (event) => {
      lastEventId = event.lastEventId;
      refreshSoon();
    });
    source.addEventListener('progress', refreshSoon);
    source.addEventListener('reset', () => {
      lastEventId = '';
      refreshSoon();
    });
  }

  function close() {
    clearTimeout(reconnectTimer);
    source?.close();
    source = null;
  }

  // A hidden page holds no connection: browsers allow few to one server, for all tabs together.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      close();
      stopPolling();
    } else {
      open();
      refreshSoon();
    }
  });
  window.addEventListener('pagehide', close);

  if ('EventSource' in window) open();
  else startPolling();
  return refreshSoon;
}
