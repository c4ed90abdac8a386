#ifndef RIVER_HOTELS_SCHEMAS_H
#define RIVER_HOTELS_SCHEMAS_H

/* The literal texts of schemas/, see lib/hotels/schemas.mk. */

extern const char schema_HOTEL_BOOKINGS_key[];
extern const char schema_HOTEL_BOOKINGS_value[];
extern const char schema_HOTEL_CATALOG_key[];
extern const char schema_HOTEL_CATALOG_value[];
extern const char schema_TARGET_CUSTOMERS_WITH_REVIEWS_AND_HOTELS_key[];
extern const char schema_TARGET_CUSTOMERS_WITH_REVIEWS_AND_HOTELS_value[];
extern const char schema_TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY_key[];
extern const char schema_TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY_value[];
extern const char schema_TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS_key[];
extern const char schema_TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS_value[];

#endif
