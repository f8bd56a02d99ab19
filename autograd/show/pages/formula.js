// Formulas given as text: the table of autograd/cli/expressions.py, by recursive descent.
// A text becomes steps for a stack machine: nothing else can ever run. `grammar` is the part
// that both parsers share: names, how strongly operators bind, what to write instead.
const grammar = data.grammar;
const operators = (wanted) =>
  Object.fromEntries(grammar.operators.filter(([, binds]) => wanted(binds)).map(([mark, ...rest]) => [mark, rest]));
const COMPARISONS = operators((binds) => binds === grammar.comparison);
const PREFIXES = operators((binds) => binds === grammar.sign);
const INFIX = operators((binds) => ![grammar.comparison, grammar.sign].includes(binds));
const MARK = String.raw`\*\*|\/\/|[<>]=|=(?!=)|[-+*\/%<>(),[\]]`;
const NUMBER = String.raw`0[xXoObB][\p{L}\p{N}_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?`;
const NAME = String.raw`[\p{L}\p{Nl}\p{No}_][\p{L}\p{N}_]*`;
const TOKEN = new RegExp(`(?<number>${NUMBER})|(?<name>${NAME})|(?<mark>${MARK})|(?<other>[=!]=|[^ ])`, "gu");
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const IDENTIFIER = /^[\p{XIDS}_]\p{XIDC}*$/u;
const DIGITS = "[0-9](?:_?[0-9])*";
const DECIMAL = new RegExp(`^(?:${DIGITS}\\.?|(?:${DIGITS})?\\.${DIGITS})(?:[eE][+-]?${DIGITS})?$`);
const BASED = /^0(?:[xX](?:_?[0-9a-fA-F])+|[oO](?:_?[0-7])+|[bB](?:_?[01])+)$/;
const CLOSES = { "(": ")", "[": "]", "": "" }; // "": the whole text
const has = (object, key) => Object.hasOwn(object, key);

class FormulaError extends Error {
  constructor(message, place = null) {
    super(message);
    this.place = place; // in characters; null for what is no fault of the text
  }
}

// The formula's text, its variables in the order of their appearance, and its steps: a
// number, {name}, or {call, arity, keywords}.
function parse(source) {
  const text = source.split(SPACE).filter(Boolean).join(" ");
  try {
    const steps = readFormula(text);
    const names = new Set(steps.filter((step) => has(step, "name")).map((step) => step.name));
    return { text, steps, names: [...names] };
  } catch (error) {
    if (error instanceof RangeError) throw new FormulaError("the formula is nested too deeply");
    throw error;
  }
}

function tokensOf(text) {
  const tokens = [];
  let [place, counted] = [0, 0]; // in characters, and in the units of JavaScript's texts
  for (const match of text.matchAll(TOKEN)) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    let word = match[0];
    if (IDENTIFIER.test(word)) word = word.normalize("NFKC"); // as Python does
    place += [...text.slice(counted, match.index)].length;
    counted = match.index;
    const token = { word, kind, place };
    const isName = IDENTIFIER.test(word) && !grammar.keywords.includes(word);
    if (kind === "other" || (kind === "name" && !isName)) unknown(token);
    tokens.push(token);
  }
  const end = { word: "", kind: "end", place: [...text].length };
  return [...tokens, end, end];
}

function fail(message, token) {
  throw new FormulaError(message, token.place);
}

function unknown({ word, ...token }) {
  const instead = has(grammar.instead, word) ? grammar.instead[word] : grammar.use;
  fail(`${word} has no meaning here: ${instead}`, token);
}

function readFormula(text) {
  const start = { word: "", kind: "", place: text.length };
  if (text === "") fail("the formula is empty", start);
  const tokens = tokensOf(text);
  const steps = [];
  let at = 0;
  let last = start;
  const ahead = (k = 0) => tokens[at + k];
  const take = () => (last = tokens[at++]);
  const binary = (word) => (has(INFIX, word) ? INFIX[word] : [-1]);

  // Operands, and the operators that bind more strongly than this.
  function expression(strength) {
    if (has(PREFIXES, ahead().word)) {
      const [binds, call] = PREFIXES[take().word];
      expression(binds);
      if (call) steps.push({ call, arity: 1, keywords: [] });
    } else operand();
    while (binary(ahead().word)[0] > strength) {
      const [binds, call] = binary(ahead().word);
      expression(binds - (take().word === "**")); // a**b**c is a**(b**c)
      steps.push({ call, arity: 2, keywords: [] });
    }
    const tests = [];
    while (has(COMPARISONS, ahead().word) && strength < grammar.comparison) {
      tests.push(take().word);
      expression(grammar.comparison);
    }
    if (tests.length > 0) steps.push({ tests, arity: 1 + tests.length, keywords: [] });
  }

  // A number, a variable, a call, a list or what stands in brackets.
  function operand() {
    const before = last;
    const token = take();
    const { word, kind } = token;
    const missing = (name, side) => grammar.missing.replace("{}", () => name).replace("{}", side);
    if (kind === "number") steps.push(literal(token));
    else if (word === "(") {
      expression(0);
      close(token);
    } else if (word === "[") call("list", token);
    else if (kind === "name" && ahead().word === "(") call(functionOf(token), take());
    else if (kind === "name") steps.push(variable(token));
    else if (kind === "end" || ([")", "]"].includes(word) && before.word)) {
      fail(missing(before.word, "right"), before);
    } else fail(missing(word, "left"), token);
  }

  function variable(token) {
    const { word } = token;
    if (has(grammar.functions, word)) {
      const operand = ["number", "name"].includes(ahead().kind) ? ahead().word : "…";
      fail(`${word} is a function: write ${word}(${operand})`, token);
    }
    return has(grammar.constants, word) ? numberOf(grammar.constants[word]) : { name: word };
  }

  // Operands up to the closing bracket.
  function call(name, opening) {
    const keywords = [];
    let arity = 0;
    while (ahead().word !== CLOSES[opening.word]) {
      const key = ahead();
      if (key.kind === "name" && ahead(1).word === "=" && name !== "list") {
        take();
        take();
        if (keywords.includes(key.word)) fail(`${key.word} is given twice`, key);
        keywords.push(key.word);
      } else if (keywords.length > 0) {
        fail(`write operands without a name before ${keywords[0]}`, key);
      }
      expression(0);
      arity++;
      if (ahead().word !== ",") break;
      take();
    }
    close(opening);
    steps.push({ call: name, arity, keywords });
  }

  // The closing bracket, or the end if the whole text was opened.
  function close(opening) {
    const before = last.word;
    const token = take();
    const { word, kind } = token;
    const closing = CLOSES[opening.word];
    if (word === closing) return;
    if (kind === "end") unknown(opening);
    if (kind === "number" || kind === "name" || word === "(") {
      fail(`there is nothing between ${before} and ${word}: write ${before}*${word}`, token);
    }
    unknown(token);
  }

  expression(0);
  close(start);
  return steps;
}

function literal(token) {
  const { word } = token;
  const based = /^0[xXoObB]/.test(word);
  if (!(based ? BASED : DECIMAL).test(word) || /^0[0-9_]*[1-9][0-9_]*$/.test(word)) unknown(token);
  const digits = word.replaceAll("_", "");
  const number = Number(based ? BigInt(digits) : digits);
  if (number === Infinity) fail(`${word} is too large for a float`, token);
  return number;
}

function functionOf(token) {
  const name = token.word;
  if (has(grammar.functions, name)) return name;
  const close = name === "ln" ? "log" : closest(name);
  const hint = close ? `did you mean ${close}?` : "write * to multiply";
  return fail(`there is no function '${name}'; ${hint}`, token);
}

// Python's difflib.get_close_matches: by the share of letters in common runs, 0.6 at least.
function closest(name) {
  const common = (a, b) => {
    let [most, i, j] = [0, 0, 0];
    for (let p = 0; p < a.length; p++) {
      for (let q = 0; q < b.length; q++) {
        let run = 0;
        while (p + run < a.length && q + run < b.length && a[p + run] === b[q + run]) run++;
        if (run > most) [most, i, j] = [run, p, q];
      }
    }
    if (most === 0) return 0;
    return common(a.slice(0, i), b.slice(0, j)) + most + common(a.slice(i + most), b.slice(j + most));
  };
  const letters = [...name];
  let best = [0.6, ""];
  for (const known of Object.keys(grammar.functions)) {
    const ratio = (2 * common([...known], letters)) / (known.length + letters.length);
    if (ratio > best[0] || (ratio === best[0] && known > best[1])) best = [ratio, known];
  }
  return best[1];
}
