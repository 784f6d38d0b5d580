"""From raw columns to a trained model and its predictions: preparation and the contenders."""
