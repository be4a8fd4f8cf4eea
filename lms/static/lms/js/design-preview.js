// A page design is drawn anew shortly after each change: [data-design-preview] is the button that does it by hand.
const button = document.querySelector("[data-design-preview]");
if (button) {
  let waiting;
  const draw = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => button.form.requestSubmit(button), 600);
  };
  button.form.addEventListener("input", draw);
  draw();
}
