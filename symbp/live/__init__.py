"""What a network file imports, when it is run: the words, networks, and what makes a network of something else."""

from symbp.live.networks import LiveNetwork as LiveNetwork
from symbp.live.networks import check as check
from symbp.live.networks import network as network
from symbp.live.others import from_sympy as from_sympy
from symbp.live.others import from_torch as from_torch
from symbp.live.words import Array as Array
from symbp.live.words import Data as Data
from symbp.live.words import Labels as Labels
from symbp.live.words import Param as Param
from symbp.live.words import dims as dims
from symbp.live.words import function as function
