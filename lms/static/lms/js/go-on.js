// Goes on with long work that is done some steps by each request, as the button of the form would.
// <form data-go-on="issue">: the name of the button to press. Without JavaScript a person presses it.

for (const form of document.querySelectorAll("form[data-go-on]")) {
  const button = form.querySelector(`button[name="${CSS.escape(form.dataset.goOn)}"]`);
  if (button) form.requestSubmit(button);
}
