// Tells how many words a text has: below the field, never as a voice while somebody writes.

for (const field of document.querySelectorAll("[data-count-words]")) {
  const help = document.getElementById(field.getAttribute("aria-describedby"));
  if (!help) continue;
  const count = document.createElement("p");
  count.className = "field-help num";
  field.after(count);
  const tell = () => {
    const words = field.value.trim().split(/\s+/).filter(Boolean).length;
    count.textContent = words === 1 ? "1 word" : `${words} words`;
  };
  field.addEventListener("input", tell);
  field.form?.addEventListener("exam:restored", tell);
  tell();
}
