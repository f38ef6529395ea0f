# Why something is not possible, and what helps. Plain, kind, at most 300 characters.

credentials-not-accepted = The card number or the PIN is not right.
    .remedy = Check the card number and the PIN and try again. You get a new PIN at the library when you show proof of identity.
session-ended = Your session has ended.
    .remedy = Scan your library card and enter your PIN again.
resource-unknown = This device is not in use.
    .remedy = Please tell the staff.

self-service-right-missing = You do not have the right to use the self-service library yet.
    .remedy = You get it at the library during staffed hours. Bring your library card and proof of identity.
self-service-ban = You are banned from using the self-service library.
    .remedy = You can use the library during staffed hours. The staff can tell you when the ban ends.
category-not-admitted = This card does not give access to the self-service library.
    .remedy = Come during staffed hours or use your own personal library card.
below-age-limit = You are not old enough yet to use this on your own.
    .remedy = Come with an adult or during staffed hours.
guardian-consent-missing = Your guardian has not yet consented to your use of the self-service library.
    .remedy = Ask your guardian to give consent at the library during staffed hours.
birth-date-unknown = Your age could not be checked.
    .remedy = Visit the library during staffed hours to have your date of birth added to your details.
card-expired = Your card has expired.
    .remedy = Your card is renewed at the library when you show proof of identity.
card-not-in-force = This card is not in use.
    .remedy = Use your newest library card or ask the staff.
lending-ban = You may not borrow at the moment.
    .remedy = The staff can tell you why, and how the ban ends.
debt-limit = Your unpaid fees have reached the limit for using this service.
    .remedy = Pay your fees in the online library or at the library, and you can use the service again.
use-ban = You are banned from using this library.
    .remedy = Ask the library about the ban by phone or email.
closed = The library is closed now.
    .remedy = See the opening hours at the door or on the library's website.

loan-limit = You already have as many loans as allowed.
    .remedy = Return a loan and try again.
material-limit = You already have as many loans of this kind as allowed.
    .remedy = Return a loan of the same kind and try again.
item-unknown = This item cannot be found.
    .remedy = Scan the barcode again or take the item to the staff.
item-not-for-loan = This item is not for loan.
    .remedy = You can use it in the library. The staff can help you find a copy to borrow.
item-on-loan = This item is on loan to another customer.
    .remedy = Take the item to the staff or place a hold on it.
item-already-yours = You have already borrowed this item.
    .remedy = There is nothing you need to do. The due date is among your loans.
item-held = This item is reserved for another customer.
    .remedy = Leave the item with the staff. You can place a hold of your own.
age-rating = You are too young to borrow this.
    .remedy = See the age rating on the item. The staff can help you find something suitable.

hold-unknown = The hold cannot be found.
    .remedy = Check your holds in the online library or ask the staff.
hold-not-ready = The hold cannot be picked up.
    .remedy = You get a message when the hold is ready to be picked up.
hold-at-other-branch = The hold is waiting at another library.
    .remedy = The pickup library is in your pickup notice and in the online library.
