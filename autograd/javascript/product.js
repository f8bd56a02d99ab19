// One product of the chain rule. A zero is strong: nothing comes of a zero upstream, even times
// an infinite partial; nor of the zero partial of an operation that selects among its operands,
// or that multiplies this one by the number 0, even times an infinite upstream.
function product(upstream, partial, strongZero, timesZero) {
  const strong = strongZero || (timesZero && Math.abs(upstream) === Infinity);
  return upstream === 0 || (strong && partial === 0) ? 0 : upstream * partial;
}
