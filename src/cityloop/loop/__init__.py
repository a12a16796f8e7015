"""The five generic steps: problem, goal, countermeasure, plan, verification; no domain and no simulator inside."""
