// Words dragged into gaps. The select boxes in the text are the form's truth and the way for the keyboard: dropping a word
// on one, or picking a word and then a gap with the pointer, chooses it there.

function choose(gap, token) {
  if (![...gap.options].some((option) => option.value === token)) return;
  gap.value = token;
  gap.dispatchEvent(new Event("change", { bubbles: true }));
}

function enhance(bank) {
  const gaps = [...bank.closest("fieldset").querySelectorAll("[data-word-gap]")];
  const words = [...bank.querySelectorAll("[data-word]")];
  let picked = "";

  function mark() {
    const used = new Set(gaps.map((gap) => gap.value));
    for (const word of words) {
      word.dataset.used = String(used.has(word.dataset.word));
      word.dataset.picked = String(picked !== "" && word.dataset.word === picked);
    }
  }

  for (const word of words) {
    word.draggable = true;
    word.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", word.dataset.word));
    word.addEventListener("click", () => { picked = picked === word.dataset.word ? "" : word.dataset.word; mark(); });
  }
  for (const gap of gaps) {
    gap.addEventListener("dragover", (event) => event.preventDefault());
    gap.addEventListener("drop", (event) => { event.preventDefault(); choose(gap, event.dataTransfer.getData("text/plain")); });
    gap.addEventListener("pointerdown", (event) => {
      if (!picked) return;
      event.preventDefault();
      const token = picked;
      picked = "";
      choose(gap, token);
      mark();
    });
    gap.addEventListener("change", mark);
  }
  bank.closest("form")?.addEventListener("exam:restored", mark);
  mark();
}

document.querySelectorAll("[data-word-bank]").forEach(enhance);
