"""How it is learned and judged: data sets, landmarks, fitting, evaluation, the simulator."""
