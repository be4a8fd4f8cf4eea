// <span class="exam-clock" data-exam-clock data-deadline="1868" data-expired-url="/...">31 min left</span>
// data-deadline is the seconds left when the server wrote the page. The server's time wins: each save answer brings it again
// (event "exam:time"). Quiet in minutes until five are left, then by the second. At nought the page asks the server what
// holds (data-expired-url, by GET): this clock never ends an exam itself. Without a connection it waits for one.
// data-of="section" or "break": the clock of something else, which other numbers of a save's answer are about.

const QUIET_UNTIL = 300;
const WORDS = {
  exam: { left: "left", over: "Time is up. Your saved answers count." },
  section: { left: "left in this section", over: "The time of this section is up. Your saved answers count." },
  break: { left: "left of your break", over: "Your break is over. The clock of the exam goes on." },
};

function read(seconds) {
  if (seconds <= 0) return "Time is up";
  if (seconds > QUIET_UNTIL) return `${Math.floor(seconds / 60)} min left`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
}

function start(clock) {
  const announcer = document.querySelector("[data-exam-announce]");
  let base = Number(clock.dataset.deadline);
  if (!Number.isFinite(base)) return;
  let wall = Date.now();
  let steady = performance.now();
  let last = base;
  let isOver = false;
  const of = clock.dataset.of ?? "exam";

  // The steady clock stands still while some devices sleep, the wall clock can be set: the larger one counts.
  const left = () => Math.max(0, Math.ceil(base - Math.max(Date.now() - wall, performance.now() - steady) / 1000));

  function announce(text) {
    if (announcer) announcer.textContent = text;
  }

  function tick() {
    const seconds = left();
    const text = read(seconds);
    if (clock.textContent !== text) clock.textContent = text;
    if (seconds <= QUIET_UNTIL) clock.dataset.tone = "warn";
    else delete clock.dataset.tone;
    if (last > 300 && seconds <= 300 && seconds > 60) announce(`Five minutes ${WORDS[of].left}.`);
    if (last > 60 && seconds <= 60 && seconds > 0) announce(`One minute ${WORDS[of].left}.`);
    last = seconds;
    if (seconds === 0 && !isOver) expire();
  }

  function expire() {
    isOver = true;
    announce(WORDS[of].over);
    document.dispatchEvent(new CustomEvent("exam:expired"));
    if (clock.dataset.expiredUrl) setTimeout(leave, 2500);
  }

  // Only with a connection: a browser's own error page would stop the sending of what waits.
  async function leave() {
    try {
      await fetch(clock.dataset.expiredUrl, { method: "HEAD", redirect: "manual", cache: "no-store" });
      location.assign(clock.dataset.expiredUrl);
    } catch {
      setTimeout(leave, 3000);
    }
  }

  document.addEventListener("exam:time", (event) => {
    const told = of === "section" ? event.detail?.sectionSecondsLeft : event.detail?.secondsLeft;
    if (!Number.isFinite(told) || isOver || of === "break") return;
    base = told;
    wall = Date.now();
    steady = performance.now();
    tick();
  });
  document.addEventListener("visibilitychange", tick);
  // A page out of the back/forward cache shows old times and old answers.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  tick();
  setInterval(tick, 1000);
}

document.querySelectorAll("[data-exam-clock]").forEach(start);
