#include "summary/phrases.h"

#include "base/buf.h"

#include <string.h>

const char *const phrases_link[] = {
	"http",	   "https",   "www",	"://",	      "mailto",	  "dot com",  "(at)", "[at]",
	"dot net", "dot org", "bit.ly", "javascript", "whatsapp", "telegram", NULL,
};

const char *const phrases_meta[] = {
	/* itself */
	"system prompt",
	"prompt",
	"prompts",
	"instruction",
	"instructions",
	"as an ai",
	"an ai",
	"language model",
	"assistant",
	"chatbot",
	"chatgpt",
	"openai",
	"json",
	"nonce",
	"secret word",
	"reviews begin",
	"reviews end",
	"no reviews found",
	"marker",
	"markers",
	"provided text",
	"provided reviews",
	"the reviews provided",
	"summarize",
	"summarise",
	"training data",
	"base64",
	"here is",
	"here are",
	"here's",
	/* refusing */
	"i cannot",
	"i can't",
	"i can not",
	"i am unable",
	"i'm unable",
	"i'm sorry",
	"i am sorry",
	"i apologize",
	"i apologise",
	"cannot comply",
	"can't comply",
	"not able to",
	/* obeying somebody else */
	"ignore previous",
	"ignore all",
	"ignore the above",
	"disregard",
	"jailbreak",
	"pwned",
	"hacked",
	"override",
	"developer mode",
	"dan mode",
	/* selling */
	"promo code",
	"discount",
	"discount code",
	"coupon",
	"voucher",
	"gift card",
	"click here",
	"click",
	"call us",
	"call now",
	"free night",
	"free stay",
	"stay is free",
	"you must",
	"casino",
	"refund",
	"refunds",
	"lawsuit",
	"bitcoin",
	"crypto",
	"bank account",
	"credit card",
	"password",
	"passwords",
	"wire transfer",
	"log in",
	"verify your",
	"unsubscribe",
	/* code */
	"select *",
	"drop table",
	"<script",
	"print(",
	"import os",
	"rm -rf",
	NULL,
};

const char *const phrases_orders[] = {
	/* to the machine */
	"ignore",
	"ignore all",
	"disregard",
	"forget",
	"override",
	"pretend",
	"instruction",
	"instructions",
	"rules",
	"prompt",
	"system",
	"assistant",
	"developer",
	"operator",
	"human:",
	"machine",
	"response:",
	"you are now",
	"you must",
	"act as",
	"i order",
	"new task",
	"real task",
	"answer",
	"reply",
	"respond",
	"repeat",
	"append",
	"mention that",
	"say nothing",
	"you say",
	"say that",
	"summary",
	"summarise",
	"summarize",
	"translate",
	"from now on",
	"for ever",
	"ignora",
	"ignorez",
	"ignoriere",
	"ignorera",
	"negeer",
	"zignoruj",
	"anweisungen",
	"instrucciones",
	"istruzioni",
	"\xd0\xb8\xd0\xbd\xd1\x81\xd1\x82\xd1\x80\xd1\x83\xd0\xba\xd1\x86\xd0\xb8\xd0\xb8", /* Russian */
	"\xe6\x8c\x87\xe4\xbb\xa4",							    /* Chinese */
	"\xe6\x8c\x87\xe7\xa4\xba",							    /* Japanese */
	"\xef\xbd\x87\xef\xbd\x8e\xef\xbd\x8f\xef\xbd\x92", /* full width "gnor" */
	"i g n o r e",
	/* to the customer */
	"customer",
	"customers",
	"warn everybody",
	"book at",
	"call plus",
	"send 0",
	"who clicks",
	"gift card",
	"emergency",
	NULL,
};

/* Not "i", "me" and "us" alone: they are words of other languages, and "US" a country. */
const char *const phrases_voice[] = {
	"i am",	   "i'm",    "i was",  "i had",	 "i have",  "i've",    "i will",     "i'll",
	"i would", "i'd",    "i felt", "i can",	 "i know",  "we",      "we're",	     "we've",
	"we'll",   "we'd",   "our",    "ours",	 "my",	    "mine",    "myself",     "ourselves",
	"from us", "for us", "to us",  "let us", "gave us", "made us", "charged us", NULL,
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* Lower case, and the curly apostrophe straight: what phrases are compared with. */
static struct slice fold(struct slice text, struct buf *out)
{
	char *to = buf_reserve(out, text.len + 1);

	if (to == NULL)
		return slice_make(NULL, 0);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\xe2' && text.len - i >= 3 &&
		    memcmp(text.data + i, "\xe2\x80\x99", 3) == 0) {
			*to++ = '\'';
			i += 2;
		} else {
			*to++ = lower(text.data[i]);
		}
	}
	out->len = (size_t)(to - out->data);
	return buf_view(out);
}

/* Whether the phrase stands in the text, not inside of words. */
static bool has_phrase(struct slice text, const char *phrase)
{
	size_t len = strlen(phrase), at = 0;
	bool word_begins = is_word(phrase[0]), word_ends = is_word(phrase[len - 1]);
	const char *first;

	while (at + len <= text.len &&
	       (first = memchr(text.data + at, phrase[0], text.len - len - at + 1)) != NULL) {
		at = (size_t)(first - text.data) + 1;
		if (memcmp(first, phrase, len) != 0)
			continue;
		if (word_begins && first > text.data && is_word(first[-1]))
			continue;
		if (word_ends && at - 1 + len < text.len && is_word(first[len]))
			continue;
		return true;
	}
	return false;
}

bool phrases_find(struct slice text, const char *const *phrases)
{
	struct slice folded;
	struct buf copy;
	bool found;

	buf_init(&copy, text.len + 1);
	folded = fold(text, &copy);
	found = buf_failed(&copy); /* out of memory: nobody can say that it is fine */
	while (!found && *phrases != NULL)
		found = has_phrase(folded, *phrases++);
	buf_release(&copy);
	return found;
}
