// Safe Exam Browser's newer versions prove themselves by a JavaScript interface in place of headers (safeexambrowser.org,
// developer documentation, "JavaScript API"): it computes the hashes of its keys for the address of this page.
// <div data-safe-browser="/exams/<slug>/browser/"> with the CSRF token. In any other browser nothing happens.

const place = document.querySelector("[data-safe-browser]");
const security = globalThis.SafeExamBrowser?.security;

async function prove() {
  const answer = await fetch(place.dataset.safeBrowser, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-CSRFToken": place.querySelector('[name="csrfmiddlewaretoken"]').value },
    body: JSON.stringify({ url: location.href.split("#")[0], config: security.configKey ?? "", exam: security.browserExamKey ?? "" }),
  });
  // On the page that refused: once proved, the page itself may be had.
  if (answer.ok && document.querySelector('[role="alert"]')) location.reload();
}

if (place && security) {
  if (typeof security.updateKeys === "function") security.updateKeys(prove);
  else prove();
}
