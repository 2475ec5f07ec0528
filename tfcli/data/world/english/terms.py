"""What a token, a vector or attention is, said in English."""

from tfcli.data.world.terms import terms

TERMS = terms("""
language model
= ask
what is a language model?
how does a language model write?
what does a language model do?
= say
a language model predicts the [next token|next word], again and again.
from the text so far, a language model [guesses|predicts] what comes next.
the model appends the [most likely|chosen] token and goes round again until a long text stands there.
after "The cat", a language model may [say|write] "sat" or "slept", each with a probability.
a question is only a text so far, and the answer is what the model appends.
a language model has read [many|a great many] texts and has learned which word follows which.
step by step, token by token, the model [writes|builds] its text.
====
token
= ask
what is a token?
what are tokens?
into what is a text cut?
= say
a token is a [small |]piece of text, often a word or a part of a word.
a text is built of tokens, as a wall is built of bricks.
the tokenizer cuts a text into tokens and gives each token a number.
a long word may be two or three tokens, a short word is [often|usually] one token.
before a model reads a text, the text is cut into tokens.
in the sentence about the cat, "Cat" is one token.
====
vector
= ask
what is a word vector?
what is an embedding?
how does a word become numbers?
= say
a vector is a list of numbers, and every token has one.
the embedding turns each token into a vector that carries its meaning.
one can calculate with vectors: king minus man plus woman is [close to|almost] queen.
words with similar meanings have vectors that lie close together.
the vector of a single word does not know the context yet.
Paris minus France plus Japan is [close to|almost] Tokyo, if we calculate with vectors.
the embedding of a word is a point in a space with many dimensions.
====
attention
= ask
what is attention?
how does attention work?
why does a Transformer need attention?
= say
attention lets each word look at the words before it.
with attention, a word learns its context and its meaning becomes clear.
each word asks a question, and the earlier words give their answers.
attention weights are numbers between zero and one, and they add up to one.
where the question and the answer fit, the attention weight is large.
because of attention, apple means one thing near a phone and another thing near a tree.
"what stands before me?" asks the word, and attention tells it.
the new vector is the old vector plus what attention has gathered.
====
query
= ask
what is a query in attention?
what are query, key and value?
how can I imagine queries, keys and values?
= say
it is like a web search: the query is what you type, the keys are the labels, the values are the pages.
the query is the question that a word asks the earlier words.
someone types the query "sights in Beijing for children", and pages with fitting labels come first.
the labels "family trips", "museum" and "Beijing" are the keys of that search.
a page that fits the query gets more attention, a page that does not fit gets less.
the key is the label that a word carries, so that queries can find it.
the value is the content that a word gives when it is found.
query and key are multiplied, and the larger the product, the better they fit.
====
heads
= ask
what is an attention head?
why are there many heads?
what do the heads do?
= say
many heads are like many experts, and each of them looks at one side of the text.
the heads work at the same time, and their results are put together.
one head may look at the word before, another head at the name that came earlier.
each head has its own query, key and value.
an induction head finds the same word earlier in the text and copies what came after it.
if one head is switched off, the others [go on working|still work].
====
residual connection
= ask
what is a residual connection?
why is x added to F of x?
what is the residual stream?
= say
a residual connection adds the input of a module to its output.
thanks to residual connections, a deep model can be trained, for the gradient does not vanish.
the residual stream carries the vector of a token from the first layer to the last.
each module reads from the residual stream and adds something to it.
with a residual connection, nothing that was known is lost on the way.
====
feed-forward network
= ask
what does the feed-forward network do?
what is the feed-forward module?
= say
the feed-forward network keeps much of what the model knows.
about two thirds of the parameters of a classic block are in the feed-forward module.
facts such as capitals are [often|mostly] kept in the feed-forward layers.
after attention has gathered the context, the feed-forward network thinks about each token alone.
the feed-forward network looks at one token at a time.
====
normalisation
= ask
what is normalisation?
what does a norm do in a Transformer?
= say
normalisation keeps the numbers in a model from growing too large or too small.
with normalisation, training is steadier and faster.
before each module, the vector is brought to the same size.
without normalisation, a deep model is hard to train.
====
Transformer
= ask
what is a Transformer?
what does a Transformer consist of?
= say
the Transformer is a model made of attention modules and feed-forward modules, one above the other.
the Transformer was introduced in 2017 in a paper called "Attention Is All You Need".
a Transformer reads all tokens of its input at the same time, and that makes it fast.
the first Transformer had an encoder and a decoder; today many have only a decoder.
in a decoder, each token sees only what stands before it.
a stack of layers, again attention, again feed-forward: that is a Transformer.
====
softmax
= ask
what is softmax?
how do scores become probabilities?
= say
softmax turns scores into probabilities that add up to one.
after softmax, the largest score has the largest probability.
the score of each next token goes through softmax and becomes a probability.
with a low temperature, the most likely token is chosen almost always.
with a high temperature, the model dares to choose rare tokens.
====
training
= ask
how is a model trained?
what happens in training?
= say
in training, the model sees a text and must guess each next token.
when the guess is wrong, the weights are changed a little.
the loss tells how surprised the model was; in training the loss goes down.
a small model can be trained in minutes, a large one needs weeks.
at first the model writes nonsense, and later it writes sentences.
""")
