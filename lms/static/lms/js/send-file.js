// Sends a chosen file at once, as its button does: somebody who goes on by a link of the page loses none.

for (const form of document.querySelectorAll("form[data-sends-file]")) {
  const field = form.querySelector('input[type="file"]');
  const button = form.querySelector("[data-send-file]");
  field?.addEventListener("change", () => { if (field.files.length) form.requestSubmit(button); });
}
