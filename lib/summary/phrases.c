#include "summary/phrases.h"

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

/* `phrase` at `at`, allowing the curly apostrophe for the straight one. Length
 * of the match or 0. */
static size_t match(struct slice text, size_t at, const char *phrase)
{
	size_t i = at;

	for (; *phrase != '\0'; phrase++) {
		if (*phrase == '\'' && text.len - i >= 3 && memcmp(text.data + i, "\xe2\x80\x99", 3) == 0) {
			i += 3;
			continue;
		}
		if (i >= text.len || lower(text.data[i]) != *phrase)
			return 0;
		i++;
	}
	return i - at;
}

bool phrases_find(struct slice text, const char *const *phrases)
{
	for (; *phrases != NULL; phrases++) {
		const char *p = *phrases;
		size_t plen = strlen(p);

		for (size_t at = 0; at < text.len; at++) {
			size_t n = match(text, at, p);

			if (n == 0)
				continue;
			if (is_word(p[0]) && at > 0 && is_word(text.data[at - 1]))
				continue;
			if (is_word(p[plen - 1]) && at + n < text.len && is_word(text.data[at + n]))
				continue;
			return true;
		}
	}
	return false;
}
