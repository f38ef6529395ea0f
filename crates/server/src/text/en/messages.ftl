# Messages that need no words of their own. Plain, kind, at most 300 characters.

check-contact = Please check with the staff that your contact details are up to date.
found-property = Something of yours has been found. Ask for it at the desk.
email-changed = Your email address was changed at the library. If you did not ask for it, tell the staff at once.
