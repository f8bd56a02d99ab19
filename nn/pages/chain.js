// The terms that L1 and L2 add to the derivative of the loss in a weight, in words.
function penalty(w, { l1, l2 }) {
  const parts = [["L1", l1 * Math.sign(w)], ["L2", l2 * w]].filter((_, k) => [l1, l2][k] > 0);
  return parts.map(([name, x]) => ` and ${formatNumber(x)} for ${name}`).join("");
}

// How the gradient of one number comes about in one sample: upstream × local = product, from
// the number up to the loss. `choice(text, where)` makes a button that asks the same there.
function chainOf({ net, rooms, train, settings }, { layer: k, neuron: j, input }, s, choice) {
  const [room, { inputs, targets }, loss] = [rooms.train, train, data.loss];
  const { nin, nout, w, b, dw, db, activation } = net[k];
  const [x, of] = k > 0 ? [room[k - 1].a, "its output"] : [inputs, "the input"];
  const { z, a, da, dz } = room[k];
  const at = s * nout + j;
  const write = formatNumber;
  const times = (upstream, local, result) => [[write(upstream), "upstream"], [" × ", ""], [write(local), "local"], [" = ", ""], [write(result), "result"]];
  const lines = [];
  if (input !== "neuron") {
    const bias = input === "bias";
    const name = bias ? "b" : "w";
    const [number, slope] = bias ? [b[j], db[j]] : [w[j * nin + input], dw[j * nin + input]];
    const local = bias ? 1 : x[s * nin + input];
    lines.push([[`∂L/∂${name} = Σ of ${targets.length} samples = `, ""], [write(slope), "result"], [`, at ${name} = ${write(number)}; a step subtracts the learning rate times this${bias ? "" : penalty(number, settings)}`, ""]]);
    const from = bias ? "" : k > 0 ? choice(`neuron ${input + 1} of layer ${k}`, { layer: k - 1, neuron: input, input: "neuron" }) : inputNames(settings)[input];
    const why = bias ? ["  (∂z/∂b is 1)"] : ["  (∂z/∂w is ", k > 0 ? "the output of " : "", from, ")"];
    lines.push([[`sample ${s + 1} adds ∂L/∂z · ∂z/∂${name} = `, ""], ...times(dz[at], local, dz[at] * local), ...why.map((part) => [part, ""])]);
  }
  const local = activationOf(activation).slope(a[at], z[at]);
  const form = activation === null ? "linear, 1" : `${activation}′(z) at z = ${write(z[at])}`;
  lines.push([["∂L/∂z = ∂L/∂a · ∂a/∂z = ", ""], ...times(da[at], local, dz[at]), [`  (${form})`, ""]]);
  if (k + 1 < net.length) {
    const above = net[k + 1];
    const terms = [];
    for (let to = 0; to < above.nout; to++) {
      const [upstream, weight] = [room[k + 1].dz[s * above.nout + to], above.w[to * nout + j]];
      terms.push([to > 0 ? " + " : "", ""], [choice(`${write(upstream)} × ${write(weight)}`, { layer: k + 1, neuron: to, input: j }), ""]);
    }
    lines.push([[`∂L/∂a = Σ of ∂L/∂z · w over the neurons of the next layer = `, ""], ...terms, [" = ", ""], [write(da[at]), "result"]]);
  } else {
    const n = targets.length;
    lines.push([[`∂L/∂a = the derivative of ${loss.replaceAll("_", " ")} at a = ${write(a[at])} and target ${write(targets[s])}, over ${n} samples = ${write(da[at] * n)} / ${n} = `, ""], [write(da[at]), "result"]]);
  }
  return lines;
}
