"""Training code as it is typed from memory of PyTorch: what comes before the line."""

BEGIN = """
random.seed(0)
X = [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(12)]
y = [a * b for a, b in X]
c = [int(t > 0) for t in y]
model = nn.Sequential([nn.Layer(2, 4), nn.Tanh(), nn.Layer(4, 1)])
optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
pred = [model(x) for x in X]
loss = nn.mse_loss(pred, [[t] for t in y])
optimizer.zero_grad(set_to_none=True)
model.zero_grad(set_to_none=True)
loss.backward(retain_graph=True)
"""
