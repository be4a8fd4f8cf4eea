// Saves an exam answer while it is given; see docs/front-end.md for the contract.
// An answer not yet confirmed by the server is kept on this device, keyed by attempt, and holds nothing but the answer, its
// number and its nonce. It is removed when confirmed, refused for good, or when the exam is handed in.

const DEBOUNCE = 400;
const RETRY = [1000, 2000, 5000, 10000, 20000];
const WORDS = {
  saving: ["Saving", ""],
  offline: ["Not saved yet: no connection. Your answers are kept on this device.", "warn"],
  unanswered: ["Not saved yet: the server does not answer. Your answers are kept on this device.", "warn"],
  signedOut: ["Not saved yet: you are signed out. Your answers are kept on this device. Sign in again, then reload.", "warn"],
  newer: ["A newer answer to this question was given in another tab.", "warn"],
  closed: ["This exam is closed. Answers saved before count.", "danger"],
  tooLate: ["This exam is closed. Answers saved before count; what waited on this device came too late.", "danger"],
  late: ["The time is up. Your waiting answers were taken and marked as late.", "warn"],
  passed: ["This question is not open any more. The answer was not taken; what was saved before counts.", "warn"],
  refused: ["This answer was not accepted. Look at it again, or reload the page.", "danger"],
};

/** The answers that wait, in memory and, where the browser allows it, on the device. */
class Waiting {
  constructor(attempt) {
    this.key = `laurel.exam.${attempt}`;
    this.items = new Map();
    this.running = null; // the sending under way, shared by all forms of the attempt on this page
    this.retry = 0;
    this.failures = 0;
    try {
      this.items = new Map(Object.entries(JSON.parse(localStorage.getItem(this.key)) ?? {}));
    } catch { /* private mode or damaged: memory only */ }
  }

  keep() {
    try {
      if (this.items.size) localStorage.setItem(this.key, JSON.stringify(Object.fromEntries(this.items)));
      else localStorage.removeItem(this.key);
    } catch { /* full or forbidden: memory only */ }
  }

  put(item, entry) { this.items.set(item, entry); this.keep(); }

  /** There is no connection: what waits now was given in time, and the server is told so when it gets it. */
  markQueued() {
    for (const entry of this.items.values()) entry.queued = true;
    this.keep();
  }

  /** Removes an entry unless a newer answer has taken its place. */
  settle(item, nonce) {
    if (this.items.get(item)?.nonce === nonce) { this.items.delete(item); this.keep(); }
  }

  clear() { this.items.clear(); this.keep(); }
}

const attempts = new Map();

function waitingOf(attempt) {
  if (!attempts.has(attempt)) attempts.set(attempt, new Waiting(attempt));
  return attempts.get(attempt);
}

function nonce() {
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

const keyed = (form) => [...form.querySelectorAll('[name^="answer-"]')];

/** The form's answer as JSON value, by data-answer-type. */
export function readAnswer(form) {
  const named = [...form.querySelectorAll('[name="answer"]')];
  switch (form.dataset.answerType) {
    case "choices": return named.filter((control) => control.checked).map((control) => control.value);
    case "map": return Object.fromEntries(keyed(form).map((control) => [control.name.slice(7), control.value]));
    case "sequence":
      return keyed(form).filter((control) => control.value !== "")
        .sort((a, b) => Number(a.value) - Number(b.value)).map((control) => control.name.slice(7));
    case "text": return named[0]?.value ?? "";
    default: return named.find((control) => control.checked)?.value ?? null;
  }
}

/** How sure the candidate says he is; undefined where nobody asks. */
const readConfidence = (form) => form.querySelector('[name="confidence"]') && (form.querySelector('[name="confidence"]:checked')?.value ?? "");

/** Puts a kept answer back into the form's controls. */
export function writeAnswer(form, answer) {
  const named = [...form.querySelectorAll('[name="answer"]')];
  switch (form.dataset.answerType) {
    case "choices": for (const control of named) control.checked = Array.isArray(answer) && answer.includes(control.value); break;
    case "map": for (const control of keyed(form)) control.value = answer?.[control.name.slice(7)] ?? ""; break;
    case "sequence":
      for (const control of keyed(form)) {
        const index = Array.isArray(answer) ? answer.indexOf(control.name.slice(7)) : -1;
        control.value = index < 0 ? "" : String(index + 1);
      }
      break;
    case "text": if (named[0]) named[0].value = answer ?? ""; break;
    default: for (const control of named) control.checked = control.value === answer;
  }
}

function start(form) {
  const { autosaveUrl, attempt } = form.dataset;
  const item = form.dataset.answerType === "file" ? "" : form.dataset.item; // a file goes with its form
  if (!attempt || new URL(autosaveUrl, location.href).origin !== location.origin) return;
  const waiting = waitingOf(attempt);
  const state = document.querySelector("[data-save-state]");
  const announcer = document.querySelector("[data-exam-announce]");
  let seq = Number(form.dataset.seq) || 0;
  let debounce = 0;
  let isStopped = false;
  let isEnded = false; // by the clock of this page: what is changed now was not given in time

  function say([text, tone], withReload = false) {
    if (!state) return;
    const changed = state.textContent !== text;
    state.textContent = text;
    state.dataset.tone = tone;
    if (withReload) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-small";
      button.textContent = "Reload to see it";
      button.addEventListener("click", () => location.reload());
      state.append(" ", button);
    }
    // Only trouble, and its end, is announced: a voice after every answer would be noise.
    if (announcer && changed && (tone || announcer.dataset.trouble)) {
      announcer.textContent = text;
      if (tone) announcer.dataset.trouble = "true";
      else if (text.startsWith("Saved")) delete announcer.dataset.trouble;
    }
  }

  async function post(name, entry, keepalive = false) {
    return fetch(autosaveUrl, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual",
      keepalive,
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "X-CSRFToken": form.querySelector('[name="csrfmiddlewaretoken"]')?.value ?? "",
      },
      body: JSON.stringify({
        item: name, seq: entry.seq, nonce: entry.nonce, answer: entry.answer, confidence: entry.confidence, queued: entry.queued,
      }),
    });
  }

  /** Deals with one reply. Returns false if sending must wait. */
  async function settle(name, entry, reply) {
    if (reply.ok) {
      const body = await reply.json();
      waiting.settle(name, entry.nonce);
      if (name === item) seq = Math.max(seq, Number(body.seq) || 0);
      say(body.is_late ? WORDS.late : [`Saved ${body.saved_label ?? ""}`.trim(), ""]);
      if (Number.isFinite(body.seconds_left)) {
        const detail = { secondsLeft: body.seconds_left, sectionSecondsLeft: body.section_seconds_left };
        document.dispatchEvent(new CustomEvent("exam:time", { detail }));
      }
      return true;
    }
    if (reply.status === 409) {
      const body = await reply.json().catch(() => ({}));
      if (body.code === "attempt_over") {
        say(waiting.items.size ? WORDS.tooLate : WORDS.closed);
        waiting.clear();
        isStopped = true;
        return false;
      }
      if (body.code === "on_break") { say([body.detail, "warn"]); return false; }
      waiting.settle(name, entry.nonce);
      if (body.code === "question_closed") { say(WORDS.passed); return true; }
      if (name === item && entry.isFromHere) { isStopped = true; say(WORDS.newer, true); }
      return true;
    }
    if (reply.status === 403) {
      const body = await reply.json().catch(() => null);
      if (body?.detail) { say([body.detail, "warn"]); return false; }
    }
    if (reply.type === "opaqueredirect" || reply.status === 401 || reply.status === 403) { say(WORDS.signedOut); return false; }
    if (reply.status === 404 || reply.status === 410) { waiting.clear(); isStopped = true; say(WORDS.closed); return false; }
    if (reply.status >= 400 && reply.status < 500 && reply.status !== 408 && reply.status !== 429) {
      waiting.settle(name, entry.nonce);
      say(WORDS.refused);
      return true;
    }
    throw new Error(`HTTP ${reply.status}`);
  }

  /** The connection is gone: said once for the page's other behaviours, and kept with the answers. */
  function lost() {
    waiting.markQueued();
    if (!waiting.isOffline) document.dispatchEvent(new CustomEvent("exam:offline"));
    waiting.isOffline = true;
  }

  function found() {
    if (waiting.isOffline) document.dispatchEvent(new CustomEvent("exam:online"));
    waiting.isOffline = false;
  }

  async function send() {
    clearTimeout(waiting.retry);
    let reply = null;
    try {
      while (waiting.items.size && !isStopped) {
        const [name, entry] = waiting.items.entries().next().value;
        if (!waiting.failures) say(WORDS.saving);
        reply = null;
        reply = await post(name, entry);
        found();
        if (!(await settle(name, entry, reply))) break;
        waiting.failures = 0;
      }
    } catch {
      if (!reply) lost();
      say(reply ? WORDS.unanswered : WORDS.offline);
      waiting.retry = setTimeout(flush, RETRY[Math.min(waiting.failures, RETRY.length - 1)] * (0.75 + Math.random() / 2));
      waiting.failures += 1;
    }
    return waiting.items.size === 0;
  }

  /** Sends everything that waits, one at a time. Resolves to true when nothing waits any more. */
  function flush() {
    waiting.running ??= send().finally(() => { waiting.running = null; });
    return waiting.running;
  }

  function take() {
    clearTimeout(debounce);
    debounce = 0;
    if (isStopped || !item) return;
    seq += 1;
    const entry = { seq, nonce: nonce(), answer: readAnswer(form), confidence: readConfidence(form) };
    waiting.put(item, waiting.isOffline ? { ...entry, queued: true } : entry);
    markOwn();
  }

  /** Remembers, in this page only, that the waiting answer is the one shown here: a refusal of it must be told. */
  function markOwn() {
    Object.defineProperty(waiting.items.get(item), "isFromHere", { value: true });
  }

  function changed() {
    if (isStopped || isEnded) return;
    clearTimeout(debounce);
    debounce = setTimeout(() => { take(); flush(); }, DEBOUNCE);
  }

  if (item) {
    const kept = waiting.items.get(item);
    if (kept && kept.seq > seq) {
      writeAnswer(form, kept.answer);
      seq = kept.seq;
      markOwn();
      form.dispatchEvent(new CustomEvent("exam:restored", { bubbles: true }));
    }
    form.addEventListener("change", changed);
    form.addEventListener("input", (event) => { if (event.target.matches("textarea, input:not([type=radio], [type=checkbox])")) changed(); });
    form.addEventListener("submit", () => {
      if (debounce) take();
      const entry = waiting.items.get(item);
      const hidden = (name) => form.querySelector(`input[type="hidden"][name="${name}"]`);
      if (hidden("seq")) hidden("seq").value = String(entry?.seq ?? seq);
      if (hidden("nonce")) hidden("nonce").value = entry?.nonce ?? "";
    });
  }

  // The time is up and this page is open: what waits goes out, and then the exam is handed in.
  if ("examClosing" in form.dataset) flush().then((isDone) => { if (isDone) form.requestSubmit(); });

  if ("examSubmit" in form.dataset) {
    form.addEventListener("submit", async (event) => {
      if (waiting.items.size) {
        event.preventDefault();
        if (!(await flush())) return; // the words say why; nothing is lost
        form.dataset.confirmed = "true"; // confirm.js has asked already
        form.requestSubmit(event.submitter);
        return;
      }
      waiting.clear();
    });
  }

  // Leaving the page: what waits is sent once more without waiting for the reply; the next page sends it again if needed.
  addEventListener("pagehide", () => {
    if (debounce) take();
    for (const [name, entry] of waiting.items) post(name, entry, true).catch(() => {});
  });
  addEventListener("online", () => { waiting.failures = 0; flush(); });
  document.addEventListener("exam:expired", () => { if (debounce) take(); isEnded = true; flush(); });
  flush();
}

document.querySelectorAll("form[data-autosave-url]").forEach(start);
