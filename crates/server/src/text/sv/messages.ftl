# Meddelanden som inte behöver egna ord. Tydligt och vänligt, högst 300 tecken.

check-contact = Kontrollera tillsammans med personalen att dina kontaktuppgifter är aktuella.
found-property = Något som tillhör dig har hittats i biblioteket. Fråga efter det vid disken.
email-changed = Din e-postadress har ändrats på biblioteket. Om du inte bad om det, berätta det genast för personalen.
