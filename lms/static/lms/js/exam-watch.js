// Tells the server, for the timeline of an attempt, what a browser can see: the page was left, text was pasted, the connection
// went away, the exam stands in another tab. A person judges it; nothing here stops anybody.
// <form data-events-url="/..." data-attempt="uuid" data-item="9"> with the CSRF token. Two tabs find each other by a
// BroadcastChannel and both say so.

const SEND_EVERY = 3000;
const MANY = 50;
const OTHER_TAB = "This exam is open in another tab too. The newest answer counts; close one of them.";

function watch(form) {
  const { eventsUrl, attempt, item } = form.dataset;
  if (!attempt || new URL(eventsUrl, location.href).origin !== location.origin) return;
  let queue = [];
  let timer = 0;
  let leftAt = 0;
  let offlineAt = 0;
  let isLeaving = false;
  const seconds = (since) => Math.round((performance.now() - since) / 1000);

  function note(kind, lasted = 0) {
    queue.push({ kind, item: Number(item) || 0, seconds: Math.max(0, lasted) });
    timer ||= setTimeout(send, SEND_EVERY);
  }

  /** Best effort: an event that cannot be sent is tried with the next; none holds up an answer. */
  async function send() {
    clearTimeout(timer);
    timer = 0;
    if (!queue.length) return;
    const sent = queue.slice(0, MANY);
    queue = queue.slice(MANY);
    try {
      await fetch(eventsUrl, {
        method: "POST",
        credentials: "same-origin",
        keepalive: true,
        redirect: "manual",
        headers: { "Content-Type": "application/json", "X-CSRFToken": form.querySelector('[name="csrfmiddlewaretoken"]')?.value ?? "" },
        body: JSON.stringify({ events: sent }),
      });
    } catch {
      queue = [...sent, ...queue].slice(-MANY);
    }
  }

  function left() {
    if (leftAt || isLeaving) return; // going on to the next question is not leaving
    leftAt = performance.now();
    note("focus_lost");
  }

  function back() {
    if (!leftAt) return;
    note("focus_back", seconds(leftAt));
    leftAt = 0;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? left() : back()));
  addEventListener("blur", left);
  addEventListener("focus", back);
  form.addEventListener("paste", () => note("paste"));
  document.addEventListener("copy", () => note("copy"));
  document.addEventListener("exam:offline", () => { offlineAt = performance.now(); note("offline"); });
  document.addEventListener("exam:online", () => { note("reconnected", offlineAt ? seconds(offlineAt) : 0); offlineAt = 0; });
  addEventListener("pagehide", () => { isLeaving = true; if (leftAt) back(); send(); });
  form.addEventListener("submit", () => { isLeaving = true; });

  listen(attempt, () => note("second_tab"));
}

/** Tabs of one attempt tell each other that they are there. */
function listen(attempt, found) {
  if (!("BroadcastChannel" in globalThis)) return;
  const channel = new BroadcastChannel(`laurel.exam.${attempt}`);
  const place = document.querySelector("#messages");
  let isTold = false;

  function tell() {
    if (isTold) return;
    isTold = true;
    found();
    if (!place) return;
    const line = document.createElement("p");
    line.className = "message warning";
    line.textContent = OTHER_TAB;
    place.append(line);
  }

  channel.addEventListener("message", (event) => {
    if (event.data === "here?") channel.postMessage("here");
    tell();
  });
  channel.postMessage("here?");
  addEventListener("pagehide", () => channel.close());
}

document.querySelectorAll("form[data-events-url]").forEach(watch);
