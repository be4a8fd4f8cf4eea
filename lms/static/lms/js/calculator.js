// <details data-calculator hidden><summary>Calculator</summary></details>: a line that is worked out, with the four
// operations, powers, brackets, percent and square roots. Its own little parser: nothing is evaluated as code.

const OPERATORS = {
  "+": [1, (a, b) => a + b],
  "-": [1, (a, b) => a - b],
  "*": [2, (a, b) => a * b],
  "/": [2, (a, b) => a / b],
  "^": [4, (a, b) => a ** b, true],
};
const TOKEN = /\s*(?:(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d+))?|(sqrt|√|pi|π)|([-+*/^()%×÷−,]))/iy;
const SAME = { "×": "*", "÷": "/", "−": "-", "√": "sqrt", "π": "pi" };

function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  const line = text.trim();
  while (TOKEN.lastIndex < line.length) {
    const match = TOKEN.exec(line);
    if (!match) throw new SyntaxError("not understood");
    const [, number, exponent, word, sign] = match;
    if (number !== undefined) found.push(Number(exponent === undefined ? number : `${number}e${exponent}`));
    else found.push(SAME[word ?? sign] ?? (word ?? sign).toLowerCase());
  }
  return found;
}

/** Works a line out. Throws SyntaxError for what is no sum. Precedence climbing; a minus binds less than a power. */
export function calculate(text) {
  const rest = tokens(text);

  function operand() {
    const token = rest.shift();
    if (typeof token === "number") return postfix(token);
    if (token === "pi") return postfix(Math.PI);
    if (token === "-") return -expression(3);
    if (token === "+") return expression(3);
    if (token === "sqrt") return Math.sqrt(operand());
    if (token === "(") {
      const inside = expression(0);
      if (rest.shift() !== ")") throw new SyntaxError("a bracket is open");
      return postfix(inside);
    }
    throw new SyntaxError("not understood");
  }

  function postfix(value) {
    let result = value;
    while (rest[0] === "%") { rest.shift(); result /= 100; }
    return result;
  }

  function expression(least) {
    let left = operand();
    while (rest.length && OPERATORS[rest[0]] && OPERATORS[rest[0]][0] >= least) {
      const [binds, work, isRight] = OPERATORS[rest.shift()];
      left = work(left, expression(isRight ? binds : binds + 1));
    }
    return left;
  }

  const result = expression(0);
  if (rest.length || !Number.isFinite(result)) throw new SyntaxError("not understood");
  return Number(result.toPrecision(12));
}

function build(details) {
  const field = document.createElement("div");
  field.className = "field";
  const label = document.createElement("label");
  label.className = "field-label";
  label.htmlFor = "calculator-line";
  label.textContent = "Sum";
  const line = document.createElement("input");
  line.id = "calculator-line";
  line.type = "text";
  line.inputMode = "text";
  line.maxLength = 200;
  line.autocomplete = "off";
  line.spellcheck = false;
  line.setAttribute("aria-describedby", "calculator-help");
  const help = document.createElement("div");
  help.className = "field-help";
  help.id = "calculator-help";
  help.textContent = "With + − × ÷ ^ % ( ) and sqrt, as (12.5 + 3) * 4. Press Enter.";
  const result = document.createElement("p");
  result.className = "num strong";
  result.setAttribute("role", "status");
  line.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    try {
      result.textContent = line.value.trim() ? `= ${calculate(line.value)}` : "";
    } catch {
      result.textContent = "This is no sum.";
    }
  });
  field.append(label, help, line);
  details.append(field, result);
  details.hidden = false;
}

document.querySelectorAll("[data-calculator]").forEach(build);
