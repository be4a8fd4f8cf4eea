// Next and previous by one key: <a data-key="n" href="...">, <a data-key="p" href="...">.
// Single keys can disturb speech input, so <p data-keys-hint></p> becomes the hint with its off switch (WCAG 2.1.4).

const STORE = "laurel.keys";
const typing = "input, textarea, select, [contenteditable], dialog";

function isOn() {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
}

function drawHint() {
  const hint = document.querySelector("[data-keys-hint]");
  if (!hint) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-quiet button-small";
  button.textContent = isOn() ? "Turn keys off" : "Turn keys on";
  button.addEventListener("click", () => {
    try {
      localStorage.setItem(STORE, isOn() ? "off" : "on");
    } catch {
      return;
    }
    drawHint();
    hint.querySelector("button").focus();
  });
  hint.textContent = isOn() ? "Keys: N next, P previous. " : "Keys are off. ";
  hint.append(button);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing || !isOn()) return;
  if (event.target.closest?.(typing)) return;
  const key = event.key.toLowerCase();
  if (key !== "n" && key !== "p") return;
  const link = document.querySelector(`a[data-key="${key}"]`);
  if (link) {
    event.preventDefault();
    link.click();
  }
});

drawHint();
