#ifndef RIVER_TEST_INJECTIONS_H
#define RIVER_TEST_INJECTIONS_H

/* Reviews that try to be more than reviews, and what a fooled model might
 * answer. The golden set for prompt, sanitiser and extractive summary. */

/* Ends with NULL. */
extern const char *const injection_reviews[];
extern const char *const injection_answers[]; /* none of these may be sent, whatever the reviews are */
/* Nor these, when the reviews are injection_reviews. */
extern const char *const injection_obedience[];

#endif
