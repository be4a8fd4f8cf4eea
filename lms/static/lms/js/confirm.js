// Asks before a form with consequences is sent.
// <form data-confirm="Finish the exam?" data-confirm-text="31 questions are open." data-confirm-action="Finish exam">
// The submitter may carry the same attributes. Without JavaScript the form is sent as it is.

const confirmed = new WeakSet();

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function ask({ question, text, action, isDanger }) {
  const dialog = element("dialog", "dialog");
  const title = element("h2", "", question);
  title.id = "confirm-title";
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.append(title, element("p", "", text));
  const actions = element("div", "form-actions");
  const yes = element("button", `button ${isDanger ? "button-danger" : "button-primary"}`, action);
  const no = element("button", "button", "Go back");
  yes.type = no.type = "button";
  actions.append(yes, no);
  dialog.append(actions);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answer = false;
    yes.addEventListener("click", () => { answer = true; dialog.close(); });
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => { dialog.remove(); resolve(answer); });
    dialog.showModal();
    no.focus();
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const submitter = event.submitter;
  const source = submitter?.dataset.confirm ? submitter : form;
  if (!source.dataset.confirm) return;
  if (confirmed.delete(form)) return;
  if (form.dataset.confirmed) { delete form.dataset.confirmed; return; }
  event.preventDefault();
  event.stopImmediatePropagation();
  const agreed = await ask({
    question: source.dataset.confirm,
    text: source.dataset.confirmText || "",
    action: source.dataset.confirmAction || submitter?.textContent.trim() || "Continue",
    isDanger: source.dataset.confirmTone === "danger" || submitter?.classList.contains("button-danger"),
  });
  if (!agreed) {
    submitter?.focus();
    return;
  }
  confirmed.add(form);
  form.requestSubmit(submitter);
  confirmed.delete(form); // refused by validation: ask again next time
}, true);
