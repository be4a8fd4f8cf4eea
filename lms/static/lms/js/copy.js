// <button type="button" data-copy="#share-url">Copy link</button> copies the value or text of the element,
// data-copy-text="..." the text itself. Says "Copied" for two seconds, to everyone.

async function copy(button) {
  const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
  const text = button.dataset.copyText ?? source?.value ?? source?.textContent.trim() ?? "";
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = button.dataset.copyBefore ?? label.textContent;
  button.dataset.copyBefore = before;
  label.setAttribute("role", "status");
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
  } catch {
    source?.select?.();
    label.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { label.textContent = before; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy], [data-copy-text]");
  if (button) copy(button);
});
