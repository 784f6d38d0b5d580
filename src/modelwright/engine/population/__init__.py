"""Many ordinary Keras models, trained at once as one compiled program."""

from modelwright.engine.population.bags import Bags
from modelwright.engine.population.population import Population
from modelwright.engine.population.training import Step, train_population

__all__ = ["Bags", "Population", "Step", "train_population"]
