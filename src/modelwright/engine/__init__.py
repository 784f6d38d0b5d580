"""From raw columns to a trained model and its predictions: preparation, linear models, trees, Keras networks."""
